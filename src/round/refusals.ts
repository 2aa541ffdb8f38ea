/**
 * Refusals. Requests get theirs always, and so do words: the edge has counted them already and has to undo it.
 * Claps, votes and changes of target get at most one per stream, kind and code each second, so that a faulty client
 * cannot make the engine flood it. Owned by the round's shard thread.
 */
import type { Code } from '../core/errors.ts';
import { CADENCE } from './bounds.ts';
import type { RefusedWhat, RoundEffect } from './effects.ts';
import type { ReplyTo } from './inputs.ts';
import type { Link } from './links.ts';
import type { RoundState } from './state.ts';

/** Refusals of one window; more than this many are dropped. */
const WINDOW_MAX = 10_000;

export interface RequestRefusal {
  readonly what: Extract<RefusedWhat, 'open' | 'attach' | 'close'>;
  readonly to: ReplyTo;
  readonly code: Code;
  readonly slot?: number;
}

export function refuseRequest(effects: RoundEffect[], refusal: RequestRefusal): void {
  const { what, to, code, slot = null } = refusal;
  effects.push({ kind: 'refused', what, to, code, slot });
}

interface MessageRefusal<W extends RefusedWhat> {
  readonly what: W;
  readonly to: Link;
  readonly slot: number;
  readonly code: Code;
}

/** Of words; each of them, as nothing else tells the edge that its tips are ahead of the round's. */
export function refuseWord(effects: RoundEffect[], refusal: MessageRefusal<'pay' | 'gift'>): void {
  effects.push(asEffect(refusal));
}

/** Of what moves no money and carries no ref. */
export function refuseMessage(
  state: RoundState,
  effects: RoundEffect[],
  refusal: MessageRefusal<'watch' | 'clap' | 'vote'>,
): void {
  const { session, facts } = state;
  if (facts.nowMs - session.refusalsSinceMs >= CADENCE.refusalMs) {
    session.refusals.clear();
    session.refusalsSinceMs = facts.nowMs;
  }
  const key = `${refusal.slot}:${refusal.what}:${refusal.code}`;
  if (session.refusals.has(key) || session.refusals.size >= WINDOW_MAX) return;
  session.refusals.add(key);
  effects.push(asEffect(refusal));
}

function asEffect({ what, to, slot, code }: MessageRefusal<RefusedWhat>): RoundEffect {
  return { kind: 'refused', what, to: { edge: to.edge, conn: to.conn, ref: 0 }, code, slot };
}
