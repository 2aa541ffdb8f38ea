/**
 * The words of one stream as an edge verifies them. Holds the highest accepted word of each chain; a reveal is
 * bounded (allowance.ts) before it is hashed, so hashing costs at most LIMITS.giftStepMax x LIMITS.chainsMax steps.
 * What is accepted here still has to pass the round's actor, which is authoritative.
 */
import { assert } from '../core/assert.ts';
import { type Sha256, equalBytes } from '../core/bytes.ts';
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

interface Tip {
  index: number;
  word: Uint8Array;
  readonly unitSats: number;
  readonly length: number;
}

const NOTHING_NEW: Verdict = { ok: true, sats: 0, fresh: false };

export class StreamVerifier {
  #tips: Tip[] = [];
  #rateSatsPerSecond = 0;
  #watchFromMs = 0;
  #holdSats = 0;
  #watchSats = 0;
  #paidSats = 0;
  readonly #query: AllowanceQuery = {
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

  constructor(grant: VerifierGrant) {
    this.reset(grant);
  }

  /** Starts over from what a grant says: after an attach, or after the round was restored. */
  reset(grant: VerifierGrant): void {
    assert(grant.tips.length === grant.chains.length, 'one tip for each chain');
    this.#tips = grant.chains.map((chain, i) => {
      const tip = grant.tips[i];
      assert(tip !== undefined && tip.word.length === 32, 'a tip has a word of 32 bytes');
      return { index: tip.index, word: tip.word, unitSats: chain.unitSats, length: chain.length };
    });
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
    return this.#tips.map((tip) => tip.index);
  }

  /** All reveals or none. After a refusal nothing has changed. Keeps copies of words only. */
  accept(input: RevealInput): Verdict {
    const { reveals } = input;
    if (reveals.length === 0 || reveals.length > LIMITS.chainsMax) return refuse('BAD_FRAME');
    const sats = this.#allowed(input);
    if (typeof sats !== 'number') return sats;
    let fresh = false;
    for (const reveal of reveals) {
      const tip = this.#tips[reveal.chain];
      if (tip === undefined || !leadsTo(reveal, tip, input.sha256)) return refuse('BAD_WORD');
      fresh ||= reveal.index > tip.index;
    }
    if (!fresh) return NOTHING_NEW;
    for (const reveal of reveals) this.#advance(reveal);
    this.#paidSats += sats;
    if (input.purpose === 'watch') this.#watchSats += sats;
    return { ok: true, sats, fresh };
  }

  /** What the reveals are worth together, or why they go too far. Hashes nothing. */
  #allowed(input: RevealInput): number | Exclude<Verdict, { ok: true }> {
    const query = this.#query;
    query.purpose = input.purpose;
    query.holdSats = this.#holdSats;
    query.paidSats = this.#paidSats;
    query.watchSats = this.#watchSats;
    query.watchSatsMax = this.#watchSatsMax(input);
    let total = 0;
    let chains = 0; // bit set
    for (const reveal of input.reveals) {
      const tip = this.#tips[reveal.chain];
      if (tip === undefined) return refuse('UNKNOWN_CHAIN');
      if ((chains & (1 << reveal.chain)) !== 0) return refuse('BAD_FRAME');
      chains |= 1 << reveal.chain;
      query.index = reveal.index;
      query.tipIndex = tip.index;
      query.unitSats = tip.unitSats;
      query.length = tip.length;
      const allowed = allowance(query);
      if (!allowed.ok) return allowed;
      query.paidSats += allowed.sats;
      query.watchSats += allowed.sats;
      total += allowed.sats;
    }
    return total;
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

  #advance(reveal: WordReveal): void {
    const tip = this.#tips[reveal.chain];
    if (tip === undefined || reveal.index <= tip.index) return;
    tip.index = reveal.index;
    tip.word = Uint8Array.from(reveal.word);
  }
}

/**
 * Whether hashing the word gets to the tip. A word at the tip has to be the tip; one below it cannot be compared
 * (the words between are not kept) and is worth nothing.
 */
function leadsTo(reveal: WordReveal, tip: Tip, sha256: Sha256): boolean {
  if (reveal.word.length !== 32) return false;
  if (reveal.index < tip.index) return true;
  let word = reveal.word;
  for (let step = reveal.index - tip.index; step > 0; step--) word = sha256(word);
  return equalBytes(word, tip.word);
}
