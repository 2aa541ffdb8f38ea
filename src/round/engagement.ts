/**
 * What viewers do besides paying: whom they watch, their one vote, their claps. Owned by the round's shard thread.
 */
import type { Code } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { ROUND_BOUNDS } from './bounds.ts';
import type { RoundEffect } from './effects.ts';
import type { RoundInput } from './inputs.ts';
import { isLinkedTo, linkOf, setWatching } from './links.ts';
import { markRow, markStir } from './marks.ts';
import { refuseMessage } from './refusals.ts';
import { type RoundState, isRunning, phaseRefusal } from './state.ts';
import { CLAPS, NOBODY, VIEWER, VOTE, WATCHING } from './stream-table.ts';

type Input<K extends RoundInput['kind']> = Extract<RoundInput, { kind: K }>;

/** Kept while the stream is away, so that a viewer who comes back goes on watching. */
export function watch(state: RoundState, input: Input<'watch'>, effects: RoundEffect[]): void {
  const { slot, target } = input;
  const to = linkOf(state, slot);
  if (to === null || !state.streams.isOpen(slot)) return;
  if (target !== null && target >= state.streams.participants) {
    return refuseMessage(state, effects, { what: 'watch', to, slot, code: 'UNKNOWN_TARGET' });
  }
  const next = target ?? NOBODY;
  if (state.streams.number(slot, WATCHING) === next) return;
  setWatching(state, slot, next);
  markRow(state, slot);
  if (target === null) state.session.awaited = true; // who pauses is told what was paid
}

export function vote(state: RoundState, input: Input<'vote'>, effects: RoundEffect[]): void {
  const { slot, target } = input;
  const code = whyNotEngaged(state, input) ?? (hasVoted(state, slot) ? 'ALREADY_VOTED' : null);
  if (code !== null) return refuseMessage(state, effects, { what: 'vote', to: input, slot, code });
  state.viewers.setVote(state.streams.number(slot, VIEWER), target);
  state.streams.setNumber(slot, VOTE, target);
  state.totals.votes[target] = (state.totals.votes[target] as number) + 1;
  state.session.scoresMoved = true;
  markRow(state, slot);
  markStir(state);
}

function hasVoted(state: RoundState, slot: number): boolean {
  return state.viewers.vote(state.streams.number(slot, VIEWER)) !== null;
}

/**
 * A max-register: a count that is not above the last changes nothing. Above the rate as many count as the
 * rate allows, so a flooding client is slowed down, not shut out: the rest counts with a later clap.
 */
export function clap(state: RoundState, input: Input<'clap'>, effects: RoundEffect[]): void {
  const { slot, target } = input;
  const code = whyNotEngaged(state, input);
  if (code !== null) return refuseMessage(state, effects, { what: 'clap', to: input, slot, code });
  const before = state.streams.number(slot, CLAPS + target);
  const wanted = Math.min(input.count, ROUND_BOUNDS.clapsPerTargetMax) - before;
  if (wanted <= 0) return;
  const taken = takeClaps(state, state.streams.number(slot, VIEWER), wanted);
  if (taken < wanted) refuseMessage(state, effects, { what: 'clap', to: input, slot, code: 'CLAP_FLOOD' });
  if (taken === 0) return;
  state.streams.setNumber(slot, CLAPS + target, before + taken);
  state.totals.claps[target] = (state.totals.claps[target] as number) + taken;
  state.session.scoresMoved = true;
  markRow(state, slot);
  markStir(state);
}

function whyNotEngaged(
  state: RoundState,
  input: { readonly edge: number; readonly conn: number; readonly slot: number; readonly target: number },
): Code | null {
  const { edge, conn, slot, target } = input;
  if (!isRunning(state.facts.phase)) return phaseRefusal(state.facts.phase);
  if (!state.streams.isOpen(slot) || !isLinkedTo(state, slot, edge, conn)) return 'UNKNOWN_STREAM';
  return target < state.streams.participants ? null : 'UNKNOWN_TARGET';
}

/** How many of `wanted` claps the viewer's bucket has; takes them (generic cell rate algorithm). */
function takeClaps(state: RoundState, viewer: number, wanted: number): number {
  const { clapsFullAtMs } = state.session;
  const { nowMs } = state.facts;
  const msPerClap = 1000 / LIMITS.clapsPerSecond;
  const fullAtMs = Math.max(nowMs, clapsFullAtMs[viewer] as number);
  const available = Math.floor(LIMITS.clapsBurst - (fullAtMs - nowMs) / msPerClap);
  const taken = Math.max(0, Math.min(wanted, available));
  clapsFullAtMs[viewer] = fullAtMs + taken * msPerClap;
  return taken;
}
