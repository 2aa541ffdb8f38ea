import { ripemd160 as nobleRipemd160 } from '@noble/hashes/legacy.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { ripemd160, sha256 } from '../platform/hash.ts';
import { accountOfPublicKey } from './account-key.ts';
import { fromHex } from './bytes.ts';

// The generator point: the address of private key 1 is known to everybody.
const KEY_ONE = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
const ACCOUNT_ONE = '751e76e8199196d454941c45d1b3a323f1433bd6';

describe('accountOfPublicKey', () => {
  it('is HASH160 of the key, with the hashes of either platform', () => {
    expect(accountOfPublicKey(KEY_ONE, { sha256, ripemd160 })).toBe(ACCOUNT_ONE);
    expect(accountOfPublicKey(KEY_ONE, { sha256: nobleSha256, ripemd160: nobleRipemd160 })).toBe(ACCOUNT_ONE);
  });

  it('refuses a key that is not compressed', () => {
    expect(() => accountOfPublicKey(KEY_ONE.subarray(1), { sha256, ripemd160 })).toThrow('33 bytes');
  });
});
