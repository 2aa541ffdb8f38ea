/**
 * Advances a public state by a delta: what an actor, an edge's replica and a client all do, so that they
 * agree. Pure; no thread owns it.
 *
 * Invariant: for any two states of one round that differ only in what a delta can carry,
 * `applyDelta(a, diffState(a, b))` makes `a` equal to `b` (its `atMs` only when a level changed or grows).
 */
import { assert } from '../core/assert.ts';
import { LIMITS } from '../core/limits.ts';
import type {
  ParticipantChange,
  PublicDelta,
  PublicGift,
  PublicParticipant,
  PublicState,
  PublicSupporter,
} from './public-state.ts';

/** Changes `state` in place. Asserts that the delta fits it (a participant that exists). */
export function applyDelta(state: PublicState, delta: PublicDelta): void {
  if (delta.phase !== undefined) state.phase = delta.phase;
  if (delta.startsAtMs !== undefined) state.startsAtMs = delta.startsAtMs;
  if (delta.endsAtMs !== undefined) state.endsAtMs = delta.endsAtMs;
  if (delta.cutoffAtMs !== undefined) state.cutoffAtMs = delta.cutoffAtMs;
  if (delta.payEveryMs !== undefined) state.payEveryMs = delta.payEveryMs;
  if (delta.viewers !== undefined) state.viewers = delta.viewers;
  if (delta.participants !== undefined) {
    for (const change of delta.participants) applyParticipant(state.participants, change);
    state.atMs = delta.atMs;
  }
  if (delta.supporters !== undefined) state.supporters = [...delta.supporters];
  if (delta.gifts !== undefined) state.gifts = [...state.gifts, ...delta.gifts].slice(-LIMITS.giftsShown);
  if (delta.result !== undefined) state.result = delta.result;
}

function applyParticipant(participants: readonly PublicParticipant[], change: ParticipantChange): void {
  const participant = participants[change.index];
  assert(participant !== undefined, `a delta changes participant ${change.index}, which does not exist`);
  participant.sats = change.sats;
  participant.satsPerSecond = change.satsPerSecond;
  participant.votes = change.votes;
  participant.claps = change.claps;
  participant.score = change.score;
  participant.rank = change.rank;
  participant.watchers = change.watchers;
}

/**
 * The delta that turns `from` into `to`. `from` is what was published last. Undefined when nothing differs
 * but the time. Gifts are told apart by their number; a gift that left the list cannot be unsaid, so
 * `to.gifts` has to be the last of `from.gifts` followed by newer ones.
 */
export function diffState(from: PublicState, to: PublicState): PublicDelta | undefined {
  const participants = diffParticipants(from, to);
  const lastGiftNo = from.gifts.at(-1)?.no ?? 0;
  const gifts: readonly PublicGift[] = to.gifts.filter((gift) => gift.no > lastGiftNo);
  const delta: PublicDelta = {
    atMs: to.atMs,
    ...(from.phase === to.phase ? {} : { phase: to.phase }),
    ...(from.startsAtMs === to.startsAtMs ? {} : { startsAtMs: to.startsAtMs }),
    ...(from.endsAtMs === to.endsAtMs ? {} : { endsAtMs: to.endsAtMs }),
    ...(from.cutoffAtMs === to.cutoffAtMs ? {} : { cutoffAtMs: to.cutoffAtMs }),
    ...(from.payEveryMs === to.payEveryMs ? {} : { payEveryMs: to.payEveryMs }),
    ...(from.viewers === to.viewers ? {} : { viewers: to.viewers }),
    ...(participants.length === 0 ? {} : { participants }),
    ...(sameSupporters(from.supporters, to.supporters) ? {} : { supporters: to.supporters }),
    ...(gifts.length === 0 ? {} : { gifts }),
    ...(to.result === null || from.result === to.result ? {} : { result: to.result }),
  };
  return Object.keys(delta).length === 1 ? undefined : delta;
}

/** A copy that shares nothing which applyDelta changes. */
export function clonePublicState(state: PublicState): PublicState {
  return {
    ...state,
    participants: state.participants.map((participant) => ({ ...participant })),
    supporters: [...state.supporters],
    gifts: [...state.gifts],
  };
}

/** A level that grows by itself is anew at the new time, even if it is the same number. */
function diffParticipants(from: PublicState, to: PublicState): ParticipantChange[] {
  const changes: ParticipantChange[] = [];
  for (const [index, now] of to.participants.entries()) {
    const before = from.participants[index];
    assert(before !== undefined, 'both states have the same participants');
    const grows = now.satsPerSecond !== 0 && from.atMs !== to.atMs;
    if (!grows && sameParticipant(before, now)) continue;
    const { sats, satsPerSecond, votes, claps, score, rank, watchers } = now;
    changes.push({ index, sats, satsPerSecond, votes, claps, score, rank, watchers });
  }
  return changes;
}

function sameParticipant(a: PublicParticipant, b: PublicParticipant): boolean {
  return (
    a.sats === b.sats &&
    a.satsPerSecond === b.satsPerSecond &&
    a.votes === b.votes &&
    a.claps === b.claps &&
    a.score === b.score &&
    a.rank === b.rank &&
    a.watchers === b.watchers
  );
}

function sameSupporters(a: readonly PublicSupporter[], b: readonly PublicSupporter[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((one, index) => {
    const other = b[index];
    return other !== undefined && one.account === other.account && one.sats === other.sats;
  });
}
