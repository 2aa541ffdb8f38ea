/** The native way to verify a P2PKH input says yes only where the SDK's interpreter does. */
import { assert as property, constantFrom, integer, property as forAll, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountOfPublicKey } from '../../core/account-key.ts';
import { createSighasher, p2pkhUnlockingScript } from '../../core/sighash.ts';
import type { Txid } from '../../core/ids.ts';
import { type ExtendedTx, p2pkhScript, parseExtended, serialiseExtended } from '../../core/transaction.ts';
import { ripemd160, sha256 } from '../../platform/hash.ts';
import { nativeSignatures } from '../../platform/signatures.ts';
import { checkScripts, interpret, unlocksP2pkh } from './scripts.ts';

const KEY = new Uint8Array(32).fill(3);
const PUBLIC_KEY = nativeSignatures.publicKey(KEY);
const SCRIPT = p2pkhScript(accountOfPublicKey(PUBLIC_KEY, { sha256, ripemd160 }));

function signed(seed: number): ExtendedTx {
  const input = {
    txid: Buffer.from(sha256(Uint8Array.of(seed & 255, seed >> 8))).toString('hex') as Txid,
    vout: seed,
    unlockingScript: new Uint8Array(),
    sequence: 0xffffffff,
    sourceSats: 1_000 + seed,
    sourceScript: SCRIPT,
  };
  const tx: ExtendedTx = {
    version: 1,
    inputs: [input],
    outputs: [{ sats: 900, lockingScript: SCRIPT }],
    lockTime: 0,
  };
  const signature = nativeSignatures.sign(createSighasher(tx, sha256)(0), KEY);
  return { ...tx, inputs: [{ ...input, unlockingScript: p2pkhUnlockingScript(signature, PUBLIC_KEY) }] };
}

describe('checkScripts', () => {
  it('agrees with the interpreter on good inputs', () => {
    for (let seed = 0; seed < 40; seed++) {
      const tx = signed(seed);
      expect(unlocksP2pkh(tx, 0, createSighasher(tx, sha256))).toBe(true);
      expect(interpret(tx, 0)).toBeUndefined();
    }
  });

  it('agrees with the interpreter whatever bit of the transaction changes', () => {
    const change = tuple(integer({ min: 0, max: 500 }), integer({ min: 0, max: 4_000 }), constantFrom(1, 2));
    property(
      forAll(change, ([seed, bit, times]) => {
        const ef = serialiseExtended(signed(seed));
        for (let i = 0; i < times; i++) {
          const at = (bit * (i + 1)) % (ef.length * 8);
          ef[at >> 3] = (ef[at >> 3] ?? 0) ^ (1 << (at & 7));
        }
        const tx = parseExtended(ef);
        if (tx === undefined || tx.inputs.length !== 1) return;
        const native = unlocksP2pkh(tx, 0, createSighasher(tx, sha256));
        const interpreted = interpret(tx, 0) === undefined;
        if (native) expect(interpreted).toBe(true);
        expect(checkScripts(tx) === undefined).toBe(interpreted);
      }),
      { numRuns: 250 },
    );
  });
});
