import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bin } from '../../test/fuzz/arbitraries.ts';
import { equalBytes } from '../core/bytes.ts';
import { LIMITS } from '../core/limits.ts';
import { HashChain } from './hash-chain.ts';
import { StreamVerifier, type VerifierGrant } from './stream-verifier.ts';
import type { Purpose, WordReveal } from './types.ts';

const sha256 = (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest();

interface Terms {
  readonly unitSats: number;
  readonly length: number;
}

/** A payer with all words of all its chains, and the grant that an engine would give it. */
class Payer {
  readonly terms: readonly Terms[];
  readonly chains: readonly HashChain[];

  constructor(terms: readonly Terms[], secret: number) {
    this.terms = terms;
    this.chains = terms.map(({ length }, i) =>
      HashChain.fromSeed({ seed: sha256(Uint8Array.of(secret, i)), length, sha256 }),
    );
  }

  reveal(chain: number, index: number): WordReveal {
    const source = this.chains[chain % this.chains.length];
    if (source === undefined) throw new Error('a payer has a chain');
    return { chain, index, word: source.word(Math.min(index, source.length)) };
  }

  grant(holdSats: number, rateSatsPerSecond = 1): VerifierGrant {
    return {
      tips: this.chains.map(({ anchor }) => ({ index: 0, word: anchor })),
      chains: this.terms,
      rateSatsPerSecond,
      watchFromMs: START,
      holdSats,
      watchSats: 0,
      paidSats: 0,
    };
  }
}

const START = 1_000_000;

const terms = fc.array(
  fc.record({ unitSats: fc.constantFrom(1, 1, 2, 10), length: fc.integer({ min: 1, max: 60 }) }),
  { minLength: 1, maxLength: LIMITS.chainsMax },
);

const NO_TAMPER = ['none', 'none', 'none', 'none', 'none', 'none', 'none'];

/** One attempt to be paid: what is revealed, how it was tampered with, and when. */
const attempt = fc.record({
  purpose: fc.constantFrom<Purpose>('watch', 'gift'),
  /** Mostly chains that are there; steps from the tip, so that every bound is met from both sides. */
  picks: fc.array(
    fc.record({ chain: fc.constantFrom(0, 0, 0, 1, 1, 2, 4), step: fc.integer({ min: -2, max: 9 }) }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  tamper: fc.constantFrom(...NO_TAMPER, 'bit', 'shifted', 'otherStream', 'otherChain', 'garbage'),
  noise: bin(32),
  afterMs: fc.integer({ min: -1500, max: 3000 }),
});

function tampered(
  input: { readonly tamper: string; readonly noise: Uint8Array },
  honest: WordReveal,
  from: { readonly payer: Payer; readonly thief: Payer },
): WordReveal {
  switch (input.tamper) {
    case 'bit':
      return { ...honest, word: honest.word.map((byte, i) => (i === 31 ? byte ^ 1 : byte)) };
    case 'shifted': // a genuine word, claimed to be worth more than it is
      return { ...honest, index: honest.index + 1 };
    case 'otherStream':
      return from.thief.reveal(honest.chain, honest.index);
    case 'otherChain':
      return { ...honest, word: from.payer.reveal(honest.chain + 1, honest.index).word };
    case 'garbage':
      return { ...honest, word: input.noise };
    default:
      return honest;
  }
}

interface Book {
  readonly indexes: number[];
  paidSats: number;
  watchSats: number;
}

/**
 * What the rules say, written down a second time and with the words themselves at hand: undefined is a refusal,
 * otherwise the sats. Genuine is a word that equals the payer's own word of that index.
 */
function expected(
  book: Book,
  input: {
    readonly purpose: Purpose;
    readonly reveals: readonly WordReveal[];
    readonly nowMs: number;
    readonly endsAtMs: number;
  },
  stream: { readonly payer: Payer; readonly holdSats: number; readonly rate: number },
): number | undefined {
  const { payer } = stream;
  if (new Set(input.reveals.map(({ chain }) => chain)).size < input.reveals.length) return undefined;
  let total = 0;
  for (const { chain, index, word } of input.reveals) {
    const source = payer.chains[chain];
    const unit = payer.terms[chain]?.unitSats;
    const last = book.indexes[chain];
    if (source === undefined || unit === undefined || last === undefined) return undefined;
    if (index > source.length) return undefined;
    if (index >= last && !equalBytes(word, source.word(index))) return undefined;
    total += Math.max(0, index - last) * unit;
  }
  if (total > 0 && book.paidSats + total > stream.holdSats) return undefined;
  const seconds = Math.floor((Math.min(input.nowMs, input.endsAtMs) - START) / 1000);
  const bound = seconds < 0 ? 0 : (seconds + LIMITS.watchGraceSeconds) * stream.rate;
  if (input.purpose === 'watch' && total > 0 && book.watchSats + total > bound) return undefined;
  return total;
}

test('exactly what the rules allow is accepted, whatever was tried before', () => {
  fc.assert(
    fc.property(
      terms,
      fc.integer({ min: 0, max: 150 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(attempt, { maxLength: 25 }),
      (chainTerms, holdSats, rate, attempts) => {
        const payer = new Payer(chainTerms, 1);
        const thief = new Payer(chainTerms, 2);
        const verifier = new StreamVerifier(payer.grant(holdSats, rate));
        const book: Book = { indexes: chainTerms.map(() => 0), paidSats: 0, watchSats: 0 };
        const endsAtMs = START + 6_000;
        let nowMs = START - 1000;
        for (const one of attempts) {
          nowMs += one.afterMs;
          const reveals = one.picks.map(({ chain, step }) => {
            const honest = payer.reveal(chain, Math.max(0, (book.indexes[chain] ?? 0) + step));
            return tampered(one, honest, { payer, thief });
          });
          const input = { purpose: one.purpose, reveals, nowMs, endsAtMs };
          const sats = expected(book, input, { payer, holdSats, rate });
          const verdict = verifier.accept({ ...input, sha256 });
          expect(verdict.ok ? verdict.sats : undefined).toBe(sats);
          if (sats !== undefined) {
            book.paidSats += sats;
            if (one.purpose === 'watch') book.watchSats += sats;
            for (const { chain, index } of reveals) {
              book.indexes[chain] = Math.max(book.indexes[chain] ?? 0, index);
            }
          }
          expect(verifier.indexes()).toEqual(book.indexes);
          expect(verifier.paidSats).toBe(book.paidSats);
          expect(book.paidSats).toBeLessThanOrEqual(holdSats);
        }
      },
    ),
    { numRuns: 600 },
  );
});

test('order and duplicates of words never change what was paid in the end', () => {
  fc.assert(
    fc.property(
      terms,
      fc.constantFrom<Purpose>('watch', 'gift'),
      fc.array(fc.record({ chain: fc.nat({ max: 3 }), index: fc.integer({ min: 1, max: 60 }) }), {
        minLength: 1,
        maxLength: 20,
      }),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 30 }),
      (chainTerms, purpose, picks, swaps) => {
        const payer = new Payer(chainTerms, 3);
        const words = picks
          .filter(({ chain, index }) => index <= (chainTerms[chain]?.length ?? 0))
          .map(({ chain, index }) => payer.reveal(chain, index));
        const shuffled = [...words, ...words.slice(0, 7)];
        for (const [a, b] of swaps) {
          const [i, j] = [a % (shuffled.length || 1), b % (shuffled.length || 1)];
          const [first, second] = [shuffled[i], shuffled[j]];
          if (first !== undefined && second !== undefined) [shuffled[i], shuffled[j]] = [second, first];
        }
        const outcome = (order: readonly WordReveal[]): unknown => {
          const verifier = new StreamVerifier(payer.grant(1_000_000));
          let paidSats = 0;
          for (const reveal of order) {
            const verdict = verifier.accept({ purpose, reveals: [reveal], nowMs: START + 1e9, sha256 });
            if (!verdict.ok) throw new Error(verdict.code);
            paidSats += verdict.sats;
          }
          expect(paidSats).toBe(verifier.paidSats);
          return { indexes: verifier.indexes(), paidSats };
        };
        expect(outcome(shuffled)).toEqual(outcome(words));
      },
    ),
    { numRuns: 200 },
  );
});

test('no word costs more hashes than its step may have, and a refused bound costs none', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Purpose>('watch', 'gift'),
      fc.array(fc.record({ chain: fc.nat({ max: 5 }), index: fc.nat({ max: 0xffff_ffff }), word: bin(32) }), {
        maxLength: 6,
      }),
      fc.nat({ max: 10_000_000 }),
      (purpose, reveals, nowMs) => {
        let hashes = 0;
        const counting = (data: Uint8Array): Uint8Array => {
          hashes++;
          return sha256(data);
        };
        const anchor = new Uint8Array(32);
        const verifier = new StreamVerifier({
          ...new Payer([{ unitSats: 1, length: 1 }], 4).grant(1_000_000_000, 1000),
          tips: [anchor, anchor].map((word) => ({ index: 0, word })),
          chains: [1, 1000].map((unitSats) => ({ unitSats, length: LIMITS.chainLengthMax })),
        });
        const verdict = verifier.accept({ purpose, reveals, nowMs, sha256: counting });
        if (!verdict.ok && verdict.code !== 'BAD_WORD') expect(hashes).toBe(0);
        const stepMax = purpose === 'watch' ? LIMITS.watchStepMax : LIMITS.giftStepMax;
        expect(hashes).toBeLessThanOrEqual(reveals.length * stepMax);
      },
    ),
    { numRuns: 300 },
  );
});

test('a verifier that was reset continues from the grant and from nothing else', () => {
  const payer = new Payer(
    [
      { unitSats: 1, length: 50 },
      { unitSats: 10, length: 50 },
    ],
    5,
  );
  const grant = payer.grant(100);
  const verifier = new StreamVerifier(grant);
  const gift = (chain: number, index: number): unknown =>
    verifier.accept({ purpose: 'gift', reveals: [payer.reveal(chain, index)], nowMs: START, sha256 });
  expect(gift(0, 20)).toEqual({ ok: true, sats: 20, fresh: true });
  verifier.reset({
    ...grant,
    tips: [
      { index: 5, word: payer.reveal(0, 5).word },
      { index: 0, word: payer.reveal(1, 0).word },
    ],
    paidSats: 5,
  });
  expect(verifier.indexes()).toEqual([5, 0]);
  expect(gift(0, 20)).toEqual({ ok: true, sats: 15, fresh: true });
  expect(gift(0, 20)).toEqual({ ok: true, sats: 0, fresh: false });
  expect(gift(1, 8)).toEqual({ ok: true, sats: 80, fresh: true });
  expect(gift(0, 21)).toEqual({ ok: false, code: 'OVER_HOLD' });
});
