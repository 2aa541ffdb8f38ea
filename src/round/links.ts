/**
 * Which connection has which stream, and so who counts as watching. A restart forgets it: edges attach anew.
 * Owned by the round's shard thread.
 */
import { CADENCE } from './bounds.ts';
import { markStir } from './marks.ts';
import type { RoundState } from './state.ts';
import { NOBODY, WATCHING } from './stream-table.ts';

/** A change of the audience below this part of it is drift, which goes out once a second. */
const AUDIENCE_STIR_PART = 1 / 32;

export interface Link {
  readonly edge: number;
  readonly conn: number;
}

export function linkOf(state: RoundState, slot: number): Link | null {
  const edge = state.session.links[2 * slot] ?? 0;
  return edge === 0 ? null : { edge: edge - 1, conn: state.session.links[2 * slot + 1] as number };
}

/** Also false for a slot that does not exist. */
export function isLinkedTo(state: RoundState, slot: number, edge: number, conn: number): boolean {
  const { links } = state.session;
  return links[2 * slot] === edge + 1 && links[2 * slot + 1] === conn;
}

export function link(state: RoundState, slot: number, to: Link): void {
  unlink(state, slot);
  state.session.links[2 * slot] = to.edge + 1;
  state.session.links[2 * slot + 1] = to.conn;
  countWatcher(state, state.streams.number(slot, WATCHING), 1);
}

export function unlink(state: RoundState, slot: number): void {
  if (linkOf(state, slot) === null) return;
  state.session.links[2 * slot] = 0;
  state.session.links[2 * slot + 1] = 0;
  countWatcher(state, state.streams.number(slot, WATCHING), -1);
}

/** The stream watches `target` (or NOBODY) from now on. */
export function setWatching(state: RoundState, slot: number, target: number): void {
  const before = state.streams.number(slot, WATCHING);
  state.streams.setNumber(slot, WATCHING, target);
  if (linkOf(state, slot) === null) return;
  countWatcher(state, before, -1);
  countWatcher(state, target, 1);
}

function countWatcher(state: RoundState, target: number, change: 1 | -1): void {
  if (target === NOBODY) return;
  const { watchers, frames } = state.session;
  const now = (watchers[target] as number) + change;
  watchers[target] = now;
  frames.mayDrift = true;
  const shown = frames.published?.participants[target]?.watchers ?? 0;
  if (Math.abs(now - shown) > Math.max(now, shown) * AUDIENCE_STIR_PART) markStir(state);
}

/** By participant: what its level grows by, as long as seconds count. */
export function slopeOf(state: RoundState, target: number): number {
  const { phase } = state.facts;
  if (phase !== 'live' && phase !== 'overtime') return 0;
  return (state.session.watchers[target] as number) * state.terms.rateSatsPerSecond;
}

/** How far a level may be from what clients extrapolate: some words under way, or a quarter of a second. */
export function driftTolerance(state: RoundState, slope: number): number {
  const wordsEvery = state.session.payEveryMs / CADENCE.payEveryMs;
  return Math.max(3 * state.terms.rateSatsPerSecond * wordsEvery, slope / 4);
}
