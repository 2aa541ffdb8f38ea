/** Words and commitments: what an edge verifies. */
import { hash } from 'node:crypto';
import secp256k1 from 'secp256k1';
import { assert } from '../../src/core/assert.ts';
import { concatBytes, equalBytes } from '../../src/core/bytes.ts';
import { sats } from '../../src/core/sats.ts';
import { sha256 } from '../../src/platform/hash.ts';
import { nativeSignatures } from '../../src/platform/signatures.ts';
import { battle } from '../../src/settlement/testing/battle.ts';
import { decodeCommitment, verifySigned } from '../../src/voucher/commitment.ts';
import { HashChain } from '../../src/voucher/hash-chain.ts';
import { type RevealInput, StreamVerifier, type VerifierGrant } from '../../src/voucher/stream-verifier.ts';
import type { SignedCommitment } from '../../src/voucher/types.ts';
import type { Case, Task } from './case.ts';

const SEED = new Uint8Array(32).fill(7);
/** Words of one run. */
const WORDS = 1_000;

export const voucherCases: readonly Case[] = [
  {
    name: 'sha256',
    what: 'SHA-256 of 32 bytes, as platform/hash.ts takes it.',
    unit: 'ns',
    operations: WORDS,
    ours: () => ({ run: () => chained(WORDS, sha256) }),
    base: { name: "node's crypto.hash to a buffer", task: () => ({ run: () => chained(WORDS, bareHash) }) },
  },
  ...[1, 8, 64].map(wordVerify),
  {
    name: 'commitment-verify',
    what: 'A commitment decoded and verified whole: canonical bytes, limits, signature.',
    unit: 'µs',
    operations: 1,
    ours: () => {
      const { bytes, publicKey, signature } = aCommitment();
      return {
        run: () => {
          const decoded = decodeCommitment(bytes);
          assert(decoded.ok, 'it decodes');
          const signed = { commitment: decoded.commitment, bytes, publicKey, signature };
          assert(verifySigned(signed, { sha256, signatures: nativeSignatures }), 'the signature is good');
        },
      };
    },
    base: {
      name: 'SHA-256 and secp256k1.ecdsaVerify alone',
      task: () => {
        const { bytes, publicKey, signature } = aCommitment();
        return {
          run: () =>
            assert(secp256k1.ecdsaVerify(signature, bareHash(bytes), publicKey), 'the signature is good'),
        };
      },
    },
  },
];

/** A stream that reveals every n-th word, so that each costs n hashes. */
function wordVerify(steps: number): Case {
  return {
    name: `word-verify-${steps}`,
    what: `A word ${steps} ${steps === 1 ? 'step' : 'steps'} ahead, verified by a stream verifier: limits, hashes, new tip.`,
    unit: 'ns',
    operations: WORDS,
    ours: () => verifierTask(steps),
    base: { name: 'the same hashes alone, compared with the tip', task: () => bareTask(steps) },
  };
}

function wordsEvery(steps: number): { readonly chain: HashChain; readonly words: readonly Uint8Array[] } {
  const chain = HashChain.fromSeed({ seed: SEED, length: WORDS * steps, sha256 });
  return { chain, words: Array.from({ length: WORDS }, (_, no) => chain.word((no + 1) * steps)) };
}

function verifierTask(steps: number): Task {
  const { chain, words } = wordsEvery(steps);
  const grant: VerifierGrant = {
    tips: [{ index: 0, word: chain.anchor }],
    chains: [{ unitSats: 1, length: chain.length }],
    rateSatsPerSecond: 1,
    watchFromMs: 0,
    holdSats: chain.length,
    watchSats: sats(0),
    paidSats: sats(0),
  };
  const verifier = new StreamVerifier(grant);
  const inputs = words.map((word, no): RevealInput => {
    const index = (no + 1) * steps;
    return { purpose: 'watch', reveals: [{ chain: 0, index, word }], nowMs: 1_000 * index, sha256 };
  });
  return {
    before: () => verifier.reset(grant),
    run: () => {
      for (const input of inputs) assert(verifier.accept(input).ok, 'the word is good');
    },
  };
}

function bareTask(steps: number): Task {
  const { chain, words } = wordsEvery(steps);
  return {
    run: () => {
      let tip = chain.anchor;
      for (const word of words) {
        assert(equalBytes(chained(steps, sha256, word), tip), 'the word is good');
        tip = word;
      }
    },
  };
}

function bareHash(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

function chained(times: number, by: (bytes: Uint8Array) => Uint8Array, from: Uint8Array = SEED): Uint8Array {
  let word = from;
  for (let i = 0; i < times; i++) word = by(word);
  return word;
}

function aCommitment(): SignedCommitment {
  const signed = battle({ roundId: 'one', viewers: 1 }).streams[0]?.signed;
  assert(signed !== undefined, 'the battle has a stream');
  return { ...signed, bytes: concatBytes([signed.bytes]) };
}
