/** Who a viewer is: a secp256k1 key and the account that follows from it. */
import { ripemd160 } from '@noble/hashes/legacy.js';
import { accountOfPublicKey } from '../core/account-key.ts';
import type { AccountId } from '../core/ids.ts';
import type { ClientPlatform } from './platform.ts';
import type { ClientStorage } from './storage.ts';

export interface Identity {
  readonly privateKey: Uint8Array;
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array;
  readonly account: AccountId;
}

type Keys = Pick<ClientPlatform, 'random' | 'sha256' | 'signatures'>;

/** Throws when the key is not in 1..n-1. */
export function identityOf(privateKey: Uint8Array, platform: Keys): Identity {
  const publicKey = platform.signatures.publicKey(privateKey);
  // once per identity, so no platform needs a native RIPEMD-160
  const account = accountOfPublicKey(publicKey, { sha256: platform.sha256, ripemd160 });
  return { privateKey, publicKey, account };
}

export function newIdentity(platform: Keys): Identity {
  // 32 random bytes are no valid key once in 2^128 draws: that throws, and is not worth a loop.
  return identityOf(platform.random.bytes(32), platform);
}

/** The stored identity, or a new one that is stored before it is used. */
export function loadIdentity(storage: ClientStorage, platform: Keys): Identity {
  const stored = storage.loadKey();
  if (stored !== null) return identityOf(stored, platform);
  const identity = newIdentity(platform);
  storage.saveKey(identity.privateKey);
  return identity;
}
