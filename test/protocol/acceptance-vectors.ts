/** Words as a stream could receive them, one after the other, with the answer to each. */
import { toHex } from '../../src/core/bytes.ts';
import { StreamVerifier, type VerifierGrant } from '../../src/voucher/stream-verifier.ts';
import type { Purpose, WordReveal } from '../../src/voucher/types.ts';
import { COMMITMENT, START_MS, counting, sha256, word } from './vector-inputs.ts';

interface Attempt {
  readonly what: string;
  readonly atMs: number;
  readonly purpose: Purpose;
  readonly reveals: readonly WordReveal[];
}

export interface AcceptanceVector {
  readonly name: string;
  readonly watchFromMs: number;
  readonly endsAtMs: number;
  readonly holdSats: number;
  readonly steps: readonly {
    readonly what: string;
    readonly atMs: number;
    readonly purpose: Purpose;
    readonly reveals: readonly { readonly chain: number; readonly index: number; readonly word: string }[];
    /** Sats that the step adds, or the code it is refused with. */
    readonly result: number | string;
    /** After the step. */
    readonly indexes: readonly number[];
    readonly paidSats: number;
  }[];
}

const genuine = (chain: number, index: number): WordReveal => ({ chain, index, word: word(chain, index) });

function attempt(what: string, seconds: number, purpose: Purpose, ...reveals: WordReveal[]): Attempt {
  return { what, atMs: START_MS + 1000 * seconds, purpose, reveals };
}

const WATCHING: readonly Attempt[] = [
  attempt('the first second', 1, 'watch', genuine(0, 1)),
  attempt('the next one', 2, 'watch', genuine(0, 2)),
  attempt('the same word again', 2, 'watch', genuine(0, 2)),
  attempt('an older word', 2, 'watch', genuine(0, 1)),
  attempt('another word for the same index', 2, 'watch', { ...genuine(0, 1), index: 2 }),
  attempt('up to the grace', 2, 'watch', genuine(0, 7)),
  attempt('one beyond the grace', 2.999, 'watch', genuine(0, 8)),
  attempt('the same a moment later', 3, 'watch', genuine(0, 8)),
  attempt('a word nobody made', 10, 'watch', { chain: 0, index: 9, word: counting(0, 32) }),
  attempt('a word of the other chain', 10, 'watch', { ...genuine(1, 9), chain: 0 }),
  attempt('a genuine word claimed to be the next', 10, 'watch', { ...genuine(0, 9), index: 10 }),
  attempt('a chain that was not committed to', 10, 'watch', { ...genuine(0, 9), chain: 2 }),
  attempt('seven missed seconds in one word', 10, 'watch', genuine(0, 15)),
  attempt('a word of the large chain, which is too much for the time', 10, 'watch', genuine(1, 1)),
  attempt('more steps than one message may go', 59, 'watch', genuine(0, 616)),
  attempt('after the end, up to the end', 63, 'watch', genuine(0, 65)),
  attempt('after the end, one more', 90, 'watch', genuine(0, 66)),
];

const GIVING: readonly Attempt[] = [
  attempt('25,300 sats', 1, 'gift', genuine(1, 25), genuine(0, 300)),
  attempt('the same gift again', 2, 'gift', genuine(1, 25), genuine(0, 300)),
  attempt('a second of watching in between', 3, 'watch', genuine(0, 301)),
  attempt('the same gift again, now below the tip', 4, 'gift', genuine(1, 25), genuine(0, 300)),
  attempt('one good and one bad word', 5, 'gift', genuine(1, 26), {
    ...genuine(0, 302),
    word: counting(9, 32),
  }),
  attempt('the good word alone', 5, 'gift', genuine(1, 26)),
  attempt('two words of one chain', 5, 'gift', genuine(1, 27), genuine(1, 28)),
  attempt('more than the hold has left', 6, 'gift', genuine(1, 40)),
  attempt('more than the hold has left, taken together', 6, 'gift', genuine(1, 39), genuine(0, 1001)),
  attempt('beyond the length of the chain', 6, 'gift', { ...genuine(1, 1000), index: 1001 }),
  attempt('more steps than one record may go', 6, 'gift', genuine(0, 2302)),
  attempt('as much as the hold has left', 7, 'gift', genuine(1, 39), genuine(0, 1000)),
  attempt('one sat more', 8, 'watch', genuine(0, 1001)),
];

function play(name: string, holdSats: number, attempts: readonly Attempt[]): AcceptanceVector {
  const endsAtMs = START_MS + 60_000;
  const grant: VerifierGrant = {
    tips: COMMITMENT.chains.map(({ anchor }) => ({ index: 0, word: anchor })),
    chains: COMMITMENT.chains,
    rateSatsPerSecond: COMMITMENT.rateSatsPerSecond,
    watchFromMs: START_MS,
    holdSats,
    watchSats: 0,
    paidSats: 0,
  };
  const verifier = new StreamVerifier(grant);
  const steps = attempts.map(({ what, atMs, purpose, reveals }) => {
    const verdict = verifier.accept({ purpose, reveals, nowMs: atMs, endsAtMs, sha256 });
    return {
      what,
      atMs,
      purpose,
      reveals: reveals.map((reveal) => ({ ...reveal, word: toHex(reveal.word) })),
      result: verdict.ok ? verdict.sats : verdict.code,
      indexes: verifier.indexes(),
      paidSats: verifier.paidSats,
    };
  });
  return { name, watchFromMs: START_MS, endsAtMs, holdSats, steps };
}

export function acceptanceVectors(): readonly AcceptanceVector[] {
  return [play('watching', 1_000_000, WATCHING), play('giving', 40_000, GIVING)];
}
