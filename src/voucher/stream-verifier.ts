/**
 * The words of one stream as an edge verifies them. Holds the highest accepted word of each chain; a reveal is
 * bounded (allowance.ts) before it is hashed, so hashing costs at most LIMITS.giftStepMax x LIMITS.chainsMax steps.
 * What is accepted here still has to pass the round's actor, which is authoritative.
 */
import { assert } from '../core/assert.ts';
import type { Sha256 } from '../core/bytes.ts';
import { type Refusal, refuse } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type AllowanceQuery, allowance, watchBoundSats } from './allowance.ts';
import type { Purpose, WordReveal } from './types.ts';

/** What a grant of a stream says about its words. */
export interface VerifierGrant {
  /** Highest accepted word of each chain; for index 0 the anchor. */
  readonly tips: readonly { readonly index: number; readonly word: Uint8Array }[];
  readonly chains: readonly { readonly unitSats: number; readonly length: number }[];
  readonly rateSatsPerSecond: number;
  readonly watchFromMs: number;
  readonly holdSats: number;
  readonly watchSats: number;
  readonly paidSats: number;
}

export interface RevealInput {
  readonly purpose: Purpose;
  /** At most one for each chain; accepted together or not at all. */
  readonly reveals: readonly WordReveal[];
  readonly nowMs: number;
  /** End of the round as known here: seconds after it cannot be paid. Absent or null: not known. */
  readonly endsAtMs?: number | null;
  readonly sha256: Sha256;
}

export type Verdict =
  /** `fresh`: something moved. Otherwise all of it was old news, which is no error. */
  | { readonly ok: true; readonly sats: number; readonly fresh: boolean }
  | Refusal<
      | 'BAD_FRAME'
      | 'UNKNOWN_CHAIN'
      | 'CHAIN_EXHAUSTED'
      | 'STEP_TOO_LARGE'
      | 'OVER_HOLD'
      | 'TOO_EARLY'
      | 'BAD_WORD'
    >;

const WORD_BYTES = 32;
const NOTHING_NEW: Verdict = { ok: true, sats: 0, fresh: false };

/** Filled in and read within one call; there may be tens of thousands of verifiers. */
const query: AllowanceQuery = {
  purpose: 'watch',
  index: 0,
  tipIndex: 0,
  unitSats: 0,
  length: 0,
  paidSats: 0,
  watchSats: 0,
  holdSats: 0,
  watchSatsMax: 0,
};

export class StreamVerifier {
  #chains: VerifierGrant['chains'] = [];
  /** Of the tips, by chain; the words lie one after the other. */
  #tipIndexes: number[] = [];
  #tipWords = new Uint8Array(0);
  #rateSatsPerSecond = 0;
  #watchFromMs = 0;
  #holdSats = 0;
  #watchSats = 0;
  #paidSats = 0;

  constructor(grant: VerifierGrant) {
    this.reset(grant);
  }

  /** Starts over from what a grant says: after an attach, or after the round was restored. Copies the words. */
  reset(grant: VerifierGrant): void {
    const { chains, tips } = grant;
    assert(tips.length === chains.length && chains.length <= LIMITS.chainsMax, 'one tip for each chain');
    this.#chains = chains;
    this.#tipIndexes = tips.map((tip) => tip.index);
    this.#tipWords = new Uint8Array(tips.length * WORD_BYTES);
    for (const [chain, { word }] of tips.entries()) {
      assert(word.length === WORD_BYTES, 'a word has 32 bytes');
      this.#tipWords.set(word, chain * WORD_BYTES);
    }
    this.#rateSatsPerSecond = grant.rateSatsPerSecond;
    this.#watchFromMs = grant.watchFromMs;
    this.#holdSats = grant.holdSats;
    this.#watchSats = grant.watchSats;
    this.#paidSats = grant.paidSats;
  }

  get paidSats(): number {
    return this.#paidSats;
  }

  /** Highest accepted index of each chain. */
  indexes(): number[] {
    return [...this.#tipIndexes];
  }

  /** All reveals or none. After a refusal nothing has changed. Keeps nothing of the input. */
  accept(input: RevealInput): Verdict {
    const { reveals } = input;
    if (reveals.length === 0 || reveals.length > LIMITS.chainsMax) return refuse('BAD_FRAME');
    const sats = this.#allowed(input);
    if (typeof sats !== 'number') return sats;
    for (const reveal of reveals) if (!this.#leadsToTip(reveal, input.sha256)) return refuse('BAD_WORD');
    let fresh = false;
    for (const { chain, index, word } of reveals) {
      if (index <= (this.#tipIndexes[chain] as number)) continue;
      this.#tipIndexes[chain] = index;
      this.#tipWords.set(word, chain * WORD_BYTES);
      fresh = true;
    }
    if (!fresh) return NOTHING_NEW;
    this.#paidSats += sats;
    if (input.purpose === 'watch') this.#watchSats += sats;
    return { ok: true, sats, fresh };
  }

  /** What the reveals are worth together, or why they go too far. Hashes nothing. */
  #allowed(input: RevealInput): number | Exclude<Verdict, { ok: true }> {
    query.purpose = input.purpose;
    query.holdSats = this.#holdSats;
    query.paidSats = this.#paidSats;
    query.watchSats = this.#watchSats;
    query.watchSatsMax = this.#watchSatsMax(input);
    let seen = 0; // bit set of chains
    for (const { chain, index } of input.reveals) {
      const terms = this.#chains[chain];
      const tipIndex = this.#tipIndexes[chain];
      if (terms === undefined || tipIndex === undefined) return refuse('UNKNOWN_CHAIN');
      if ((seen & (1 << chain)) !== 0) return refuse('BAD_FRAME');
      seen |= 1 << chain;
      query.index = index;
      query.tipIndex = tipIndex;
      query.unitSats = terms.unitSats;
      query.length = terms.length;
      const allowed = allowance(query);
      if (!allowed.ok) return allowed;
      query.paidSats += allowed.sats;
      query.watchSats += allowed.sats;
    }
    return query.paidSats - this.#paidSats;
  }

  #watchSatsMax(input: RevealInput): number {
    if (input.purpose !== 'watch') return 0;
    return watchBoundSats({
      nowMs: input.nowMs,
      watchFromMs: this.#watchFromMs,
      endsAtMs: input.endsAtMs ?? null,
      rateSatsPerSecond: this.#rateSatsPerSecond,
    });
  }

  /**
   * Whether hashing the word gets to the tip. A word at the tip has to be the tip; one below it cannot be compared
   * (the words between are not kept) and is worth nothing.
   */
  #leadsToTip(reveal: WordReveal, sha256: Sha256): boolean {
    if (reveal.word.length !== WORD_BYTES) return false;
    const steps = reveal.index - (this.#tipIndexes[reveal.chain] as number);
    if (steps < 0) return true;
    let { word } = reveal;
    for (let step = steps; step > 0; step--) word = sha256(word);
    const tipAt = reveal.chain * WORD_BYTES;
    for (let i = 0; i < WORD_BYTES; i++) if (word[i] !== this.#tipWords[tipAt + i]) return false;
    return true;
  }
}
