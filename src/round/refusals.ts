/**
 * Refusals: requests get theirs always, messages without a ref at most one per stream and code each second, so
 * that a faulty client cannot make the engine flood it. Owned by the round's shard thread.
 */
import type { Code } from '../core/errors.ts';
import { CADENCE } from './bounds.ts';
import type { RoundEffect } from './effects.ts';
import type { ReplyTo } from './inputs.ts';
import type { Link } from './links.ts';
import type { RoundState } from './state.ts';

/** Refusals of one window; more than this many are dropped. */
const WINDOW_MAX = 10_000;

export interface RequestRefusal {
  readonly to: ReplyTo;
  readonly code: Code;
  readonly slot?: number;
}

export function refuseRequest(effects: RoundEffect[], refusal: RequestRefusal): void {
  effects.push({ kind: 'refused', to: refusal.to, code: refusal.code, slot: refusal.slot ?? null });
}

/** For payments, claps, votes and changes of target, which carry no ref. */
export function refuseMessage(
  state: RoundState,
  effects: RoundEffect[],
  refusal: { readonly to: Link; readonly slot: number; readonly code: Code },
): void {
  const { session, facts } = state;
  if (facts.nowMs - session.refusalsSinceMs >= CADENCE.refusalMs) {
    session.refusals.clear();
    session.refusalsSinceMs = facts.nowMs;
  }
  const key = `${refusal.slot}:${refusal.code}`;
  if (session.refusals.has(key) || session.refusals.size >= WINDOW_MAX) return;
  session.refusals.add(key);
  const { edge, conn } = refusal.to;
  effects.push({ kind: 'refused', to: { edge, conn, ref: 0 }, code: refusal.code, slot: refusal.slot });
}
