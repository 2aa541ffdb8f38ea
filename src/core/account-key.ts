/** From a key to the account it owns: one rule for edge, wallet, client and receipts. */
import { assert } from './assert.ts';
import { type Sha256, toHex } from './bytes.ts';
import type { AccountId } from './ids.ts';

/** The two hashes of HASH160; `ripemd160` has the shape of `sha256` with 20 bytes out. */
export interface AccountHashes {
  readonly sha256: Sha256;
  readonly ripemd160: (data: Uint8Array) => Uint8Array;
}

/** RIPEMD160(SHA256(key)) of a compressed secp256k1 key (33 bytes), as hex. Does not check that it is a point. */
export function accountOfPublicKey(publicKey: Uint8Array, hashes: AccountHashes): AccountId {
  assert(publicKey.length === 33, 'a compressed key has 33 bytes');
  return toHex(hashes.ripemd160(hashes.sha256(publicKey))) as AccountId;
}
