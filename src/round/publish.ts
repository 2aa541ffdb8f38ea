/**
 * What everybody sees. A keyframe first, then deltas against what was published last: at once (but at most one
 * every CADENCE.frameMs) when something happened, and at most once a second where clients' extrapolation has
 * drifted. Owned by the round's shard thread.
 */
import { assert } from '../core/assert.ts';
import { LIMITS } from '../core/limits.ts';
import { CADENCE } from './bounds.ts';
import type { RoundEffect } from './effects.ts';
import { driftTolerance, slopeOf } from './links.ts';
import { applyDelta, clonePublicState, diffState } from './public-delta.ts';
import type {
  PublicGift,
  PublicParticipant,
  PublicResult,
  PublicState,
  PublicSupporter,
} from './public-state.ts';
import { ranksOf, scoresOf } from './ranking.ts';
import { type Frames, type RoundState, isOpenForStreams, isRunning } from './state.ts';
import { divisionOf } from './statement-builder.ts';
import { VIEWER } from './stream-table.ts';
import { topSupporters } from './supporters.ts';

/** At the end of a step. */
export function publishWhenDue(state: RoundState, effects: RoundEffect[]): void {
  const { frames } = state.session;
  const { nowMs } = state.facts;
  if (frames.published === null) {
    publishKeyframe(state, effects);
    return;
  }
  const drift = nowMs >= nextDriftMs(frames);
  const eventMs = nextEventMs(state);
  if (eventMs !== null && nowMs >= eventMs) publishDelta(state, effects);
  else if (drift && frames.mayDrift && hasDrifted(state, frames.published)) publishDelta(state, effects);
  if (!drift) return;
  frames.lastDriftMs = nowMs;
  frames.mayDrift = state.terms.participants.some((_, target) => slopeOf(state, target) > 0);
}

/** When the next frame may be due; null: not before something happens. */
export function nextFrameMs(state: RoundState): number | null {
  const { frames } = state.session;
  if (frames.published === null) return state.facts.nowMs;
  const eventMs = nextEventMs(state);
  const driftMs = frames.mayDrift ? nextDriftMs(frames) : null;
  if (eventMs === null || driftMs === null) return eventMs ?? driftMs;
  return Math.min(eventMs, driftMs);
}

/** Every frame corrects what has drifted: only after a second without one it is time to look. */
function nextDriftMs({ lastDriftMs, lastMs }: Frames): number {
  return Math.max(lastDriftMs, lastMs) + CADENCE.driftMs;
}

/**
 * Small audiences see everything within `frameMs`. In a large one a frame for every clap would cost more than all
 * payments: 20 frames a second to 15,000 viewers are 300,000 sends. While the engine is so busy that it asks for
 * words less often, these frames are spread alike.
 */
function nextEventMs(state: RoundState): number | null {
  const { frames, payEveryMs } = state.session;
  if (frames.event) return frames.lastMs + CADENCE.frameMs;
  if (!frames.stir) return null;
  const everyMs = Math.max(CADENCE.frameMs, (viewersOf(state) * 1000) / CADENCE.stirDeliveriesPerSecond);
  return frames.lastMs + Math.ceil((everyMs * payEveryMs) / CADENCE.payEveryMs);
}

function publishKeyframe(state: RoundState, effects: RoundEffect[]): void {
  const { frames } = state.session;
  const now = publicState(state, supportersOf(state));
  frames.published = clonePublicState(now);
  frames.seq = 1;
  frames.lastSupportersMs = state.facts.nowMs;
  frames.lastDriftMs = state.facts.nowMs;
  sent(state);
  effects.push({ kind: 'publishKeyframe', seq: frames.seq, state: now });
}

function publishDelta(state: RoundState, effects: RoundEffect[]): void {
  const { frames } = state.session;
  const { published } = frames;
  assert(published !== null, 'a delta follows a keyframe');
  const delta = diffState(published, publicState(state, supportersNow(state, published)));
  sent(state);
  if (delta === undefined) return;
  applyDelta(published, delta);
  frames.seq++;
  effects.push({ kind: 'publishDelta', seq: frames.seq, delta });
}

function sent(state: RoundState): void {
  const { frames } = state.session;
  frames.event = false;
  frames.stir = false;
  frames.lastMs = state.facts.nowMs;
}

/** Watching alone moves the list every second; it is worth a new list only now and then. */
function supportersNow(state: RoundState, published: PublicState): readonly PublicSupporter[] {
  const { frames } = state.session;
  const { nowMs, phase } = state.facts;
  const due =
    frames.supportersMoved || !isRunning(phase) || nowMs >= frames.lastSupportersMs + CADENCE.supportersMs;
  if (!due) return published.supporters;
  frames.supportersMoved = false;
  frames.lastSupportersMs = nowMs;
  return supportersOf(state);
}

function supportersOf(state: RoundState): PublicSupporter[] {
  return topSupporters(state.viewers, LIMITS.supportersShown).map(({ viewer, account, paidSats }) => ({
    account,
    name: state.streams.name(state.viewers.newestSlot(viewer)),
    sats: paidSats,
  }));
}

export function publicState(state: RoundState, supporters: readonly PublicSupporter[]): PublicState {
  const { terms, facts, session } = state;
  return {
    roundId: terms.roundId,
    title: terms.title,
    phase: facts.phase,
    startsAtMs: facts.startsAtMs,
    endsAtMs: facts.endsAtMs,
    endHeight: terms.end.kind === 'height' ? terms.end.height : null,
    cutoffAtMs: facts.cutoffAtMs,
    rateSatsPerSecond: terms.rateSatsPerSecond,
    payEveryMs: session.payEveryMs,
    atMs: facts.nowMs,
    viewers: viewersOf(state),
    participants: participantsOf(state),
    supporters: [...supporters],
    gifts: giftsOf(state),
    result: resultOf(state),
  };
}

/** Open streams. Once the round takes no words their rows stay as they are, but each of them has ended. */
function viewersOf({ facts, totals }: RoundState): number {
  return isOpenForStreams(facts.phase) || facts.phase === 'closing' ? totals.openStreams : 0;
}

function participantsOf(state: RoundState): PublicParticipant[] {
  const { terms, totals, session } = state;
  const scores = scoresOf(state);
  const ranks = ranksOf(session.ranking);
  return terms.participants.map(({ id, name }, index) => ({
    id,
    name,
    sats: totals.sats[index] as number,
    satsPerSecond: slopeOf(state, index),
    votes: totals.votes[index] as number,
    claps: totals.claps[index] as number,
    score: scores[index] as number,
    rank: ranks[index] as number,
    watchers: session.watchers[index] as number,
  }));
}

function giftsOf(state: RoundState): PublicGift[] {
  const { streams, viewers } = state;
  return state.gifts.recent().map(({ no, slot, target, sats, atMs }) => ({
    no,
    from: streams.name(slot),
    account: viewers.account(streams.number(slot, VIEWER)),
    target,
    sats,
    atMs,
  }));
}

/** Made once and kept until the settlement moves: the division of a round that is over does not change. */
function resultOf(state: RoundState): PublicResult | null {
  const { facts, session } = state;
  if (facts.phase !== 'settling' && facts.phase !== 'settled') return null;
  const status = facts.settlement?.status ?? 'planned';
  assert(status !== 'refunded', 'a settled round is not refunded');
  const txids = facts.settlement?.txids ?? [];
  const before = session.result;
  if (before !== null && before.status === status && before.txids.length === txids.length) return before;
  const division = divisionOf(state);
  session.result = {
    ranking: session.ranking,
    paidSats: division.paidSats,
    directSats: division.paidSats - division.poolSats,
    poolSats: division.poolSats,
    platformSats: division.platformSats,
    participantSats: division.directSats.map((direct, index) => direct + (division.rankSats[index] ?? 0)),
    txids,
    status,
  };
  return session.result;
}

/** Whether a client that extrapolates what was published sees something wrong. */
function hasDrifted(state: RoundState, published: PublicState): boolean {
  const { totals, session, facts } = state;
  if (published.viewers !== viewersOf(state)) return true;
  const ranks = ranksOf(session.ranking);
  return published.participants.some((shown, index) => {
    const slope = slopeOf(state, index);
    if (shown.watchers !== session.watchers[index] || shown.satsPerSecond !== slope) return true;
    if (shown.rank !== ranks[index]) return true;
    const seconds = (facts.nowMs - published.atMs) / 1000;
    const expected = shown.sats + seconds * shown.satsPerSecond;
    return Math.abs((totals.sats[index] as number) - expected) > driftTolerance(state, slope);
  });
}
