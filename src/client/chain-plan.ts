/**
 * How a viewer lays out its hash chains, and which words make up an amount. Two chains as a rule: words of 1 sat for
 * watching and the odd part of gifts, words of 1,000 sats for the rest of gifts. A round with a high rate gets a third
 * whose word is one second, so that watching stays one hash a second.
 */
import { type Refusal, refuse } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { ChainSecret } from './storage.ts';

/** Up to here a second is paid in words of 1 sat; a viewer back from a minute's absence is within the step limit. */
const SMALL_RATE_MAX = 10;
const LARGE_UNIT_SATS = 1_000;
/** Words of 1 sat set aside for the odd parts of gifts: two hundred gifts of 100. Making them takes 6 ms native and 44 ms in JavaScript, on a busy core. */
const SMALL_GIFT_WORDS_MAX = 20_000;

export interface ChainBudget {
  readonly rateSatsPerSecond: number;
  /** Seconds that can be paid. */
  readonly watchSeconds: number;
  /** Sats that can be given. */
  readonly giftSats: number;
}

export interface ChainPlan {
  readonly chains: readonly { readonly unitSats: number; readonly length: number }[];
  readonly holdSats: number;
}

export function planChains(budget: ChainBudget): ChainPlan {
  const { rateSatsPerSecond, watchSeconds, giftSats } = budget;
  const small = rateSatsPerSecond <= SMALL_RATE_MAX;
  const giftWords = Math.min(giftSats, SMALL_GIFT_WORDS_MAX);
  const chains = [
    { unitSats: 1, length: lengthFor(giftWords + (small ? watchSeconds * rateSatsPerSecond : 0)) },
    { unitSats: LARGE_UNIT_SATS, length: lengthFor(Math.floor(giftSats / LARGE_UNIT_SATS)) },
  ];
  if (!small) chains.push({ unitSats: rateSatsPerSecond, length: lengthFor(watchSeconds) });
  return { chains, holdSats: watchSeconds * rateSatsPerSecond + giftSats };
}

function lengthFor(words: number): number {
  return Math.min(Math.max(words, 1), LIMITS.chainLengthMax);
}

/** The chain that pays for watching. */
export function watchChainOf(chains: readonly Pick<ChainSecret, 'unitSats'>[]): number {
  return chains.length > 2 ? 2 : 0;
}

/**
 * Index by chain after a gift of `sats`, in as few words as possible.
 * STEP_TOO_LARGE: more words than one message may reveal. CHAIN_EXHAUSTED: not enough words are left.
 */
export function spanOfGift(
  amountSats: number,
  chains: readonly Pick<ChainSecret, 'unitSats' | 'length'>[],
  revealed: readonly number[],
): { readonly ok: true; readonly to: readonly number[] } | Refusal<'STEP_TOO_LARGE' | 'CHAIN_EXHAUSTED'> {
  const to = [...revealed];
  let restSats = amountSats;
  let atStepLimit = false;
  for (const chain of [1, 0]) {
    const terms = chains[chain];
    const from = revealed[chain] ?? 0;
    if (terms === undefined) continue;
    const wanted = Math.floor(restSats / terms.unitSats);
    const words = Math.min(wanted, terms.length - from, LIMITS.giftStepMax);
    if (words < wanted && words === LIMITS.giftStepMax) atStepLimit = true;
    to[chain] = from + words;
    restSats -= words * terms.unitSats;
  }
  if (restSats === 0) return { ok: true, to };
  return refuse(atStepLimit ? 'STEP_TOO_LARGE' : 'CHAIN_EXHAUSTED');
}

/** What the words up to these indexes are worth. */
export function worthSats(
  chains: readonly Pick<ChainSecret, 'unitSats'>[],
  indexes: readonly number[],
): number {
  let total = 0;
  for (let chain = 0; chain < chains.length; chain++) {
    total += (chains[chain]?.unitSats ?? 0) * (indexes[chain] ?? 0);
  }
  return total;
}
