/**
 * How far a revealed word may go: the arithmetic that an edge (before hashing) and a round's actor (in place of
 * hashing) share. Words are cumulative, so an index at or below the tip is old news and worth nothing.
 *
 * The order of the checks is fixed, so that both sides give the same answer: length of the chain, old news, step,
 * hold, time. The hold comes before the time because waiting does not help against it.
 */
import { type Refusal, refuse } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Purpose } from './types.ts';

/** A caller on a hot path reuses one object. */
export interface AllowanceQuery {
  purpose: Purpose;
  /** The index that is revealed, and the highest accepted one of the same chain. */
  index: number;
  tipIndex: number;
  unitSats: number;
  /** Of the chain. */
  length: number;
  /** Paid so far in all, and of that for watching; records of the same gift that came before included. */
  paidSats: number;
  watchSats: number;
  holdSats: number;
  /** From `watchBoundSats`. Only looked at for watching. */
  watchSatsMax: number;
}

export type Allowance =
  | { readonly ok: true; readonly step: number; readonly sats: number }
  | Refusal<'CHAIN_EXHAUSTED' | 'STEP_TOO_LARGE' | 'OVER_HOLD' | 'TOO_EARLY'>;

const OLD_NEWS: Allowance = { ok: true, step: 0, sats: 0 };

/** Index, step, hold and time; not the word. */
export function allowance(query: Readonly<AllowanceQuery>): Allowance {
  const step = query.index - query.tipIndex;
  if (query.index > query.length) return refuse('CHAIN_EXHAUSTED');
  if (step <= 0) return OLD_NEWS;
  const isWatch = query.purpose === 'watch';
  if (step > (isWatch ? LIMITS.watchStepMax : LIMITS.giftStepMax)) return refuse('STEP_TOO_LARGE');
  const sats = step * query.unitSats;
  if (query.paidSats + sats > query.holdSats) return refuse('OVER_HOLD');
  if (isWatch && query.watchSats + sats > query.watchSatsMax) return refuse('TOO_EARLY');
  return { ok: true, step, sats };
}

/**
 * The most that can have been paid for watching: whole seconds since `watchFromMs` plus a grace, times the rate.
 * Nothing before `watchFromMs`, and no more after the end of the round. Null: the end is not known yet.
 */
export function watchBoundSats(input: {
  readonly nowMs: number;
  readonly watchFromMs: number;
  readonly endsAtMs: number | null;
  readonly rateSatsPerSecond: number;
}): number {
  const untilMs = input.endsAtMs === null ? input.nowMs : Math.min(input.nowMs, input.endsAtMs);
  if (untilMs < input.watchFromMs) return 0;
  const seconds = Math.floor((untilMs - input.watchFromMs) / 1000);
  return (seconds + LIMITS.watchGraceSeconds) * input.rateSatsPerSecond;
}
