/** A round from what the store has of it. Exact: encoding it again gives the bytes it was restored from. */
import { AssertionFailure, assert } from '../core/assert.ts';
import { TruncatedError } from '../core/bytes.ts';
import { EngineError } from '../core/errors.ts';
import { ROUND_BOUNDS } from './bounds.ts';
import { rankScores, scoresOf } from './ranking.ts';
import { type SaveHead, applySave } from './save-codec.ts';
import { type RoundFacts, type RoundState, createRound, fitSession } from './state.ts';
import {
  CHAIN_COUNT,
  CLAPS,
  HOLD,
  NOBODY,
  PAID,
  STATUS,
  STREAM_OPEN,
  TIPS,
  UNITS,
  VIEWER,
  VOTE,
  WATCH,
} from './stream-table.ts';
import { PHASES, type RoundTerms } from './terms.ts';

export interface RestoreInput {
  readonly terms: RoundTerms;
  readonly epoch: number;
  /** Null before the first snapshot. */
  readonly snapshot: Uint8Array | null;
  /** Those after the snapshot, ascending. */
  readonly segments: readonly Uint8Array[];
}

/**
 * Nobody is attached and nothing waits; the first step announces the phase and repeats `settle` or `refund`.
 * Throws EngineError STORE_FAILED when the bytes are cut off or do not add up: that costs this round, and must not
 * cost the others of its shard.
 */
export function restoreRound(input: RestoreInput): RoundState {
  const state = createRound({ terms: input.terms, epoch: input.epoch, nowMs: 0 });
  try {
    applyAll(state, input);
  } catch (error) {
    if (error instanceof TruncatedError) {
      throw new EngineError('STORE_FAILED', { message: 'a save of the round is cut off', cause: error });
    }
    if (error instanceof AssertionFailure) {
      const message = `a save of the round does not add up: ${error.message}`;
      throw new EngineError('STORE_FAILED', { message, cause: error });
    }
    throw error;
  }
  return state;
}

function applyAll(state: RoundState, input: RestoreInput): void {
  let head: SaveHead | null = null;
  if (input.snapshot !== null) {
    head = applySave(state, input.snapshot, 'snapshot');
    state.saves.snapshotBytes = input.snapshot.length;
  }
  for (const segment of input.segments) {
    const next = applySave(state, segment, 'segment');
    assert(head === null || next.seq === head.seq + 1, 'segments follow each other without a gap');
    head = next;
    state.saves.segmentsSinceSnapshot++;
    state.saves.segmentBytesSinceSnapshot += segment.length;
  }
  if (head === null) return;
  state.saves.seq = head.seq;
  state.session.giftsSaved = state.gifts.count;
  state.session.slotsSaved = state.streams.count;
  derive(state);
  checkTotals(state, head);
  checkFacts(state.facts);
  checkGifts(state);
}

/** Viewers, totals and ranking from the rows. */
function derive(state: RoundState): void {
  const { streams, viewers, totals, session } = state;
  fitSession(state);
  for (let slot = 0; slot < streams.count; slot++) {
    const viewer = streams.number(slot, VIEWER);
    const vote = streams.number(slot, VOTE);
    viewers.setNewestSlot(viewer, slot);
    viewers.addPaid(viewer, streams.amount(slot, PAID));
    totals.committedSats += streams.amount(slot, HOLD);
    if (streams.number(slot, STATUS) === STREAM_OPEN) {
      viewers.setOpenSlot(viewer, slot);
      totals.openStreams++;
    }
    if (vote !== NOBODY) {
      viewers.setVote(viewer, vote);
      totals.votes[vote] = (totals.votes[vote] as number) + 1;
    }
    deriveTargets(state, slot);
  }
  assert(totals.committedSats <= ROUND_BOUNDS.committedSatsMax, 'a round holds no more than it may');
  session.ranking = rankScores(scoresOf(state));
}

function deriveTargets(state: RoundState, slot: number): void {
  const { streams, totals } = state;
  let watch = 0;
  let paid = 0;
  for (let target = 0; target < streams.participants; target++) {
    const watched = streams.amount(slot, streams.targetColumn(target, false));
    const given = streams.amount(slot, streams.targetColumn(target, true));
    watch += watched;
    paid += watched + given;
    totals.sats[target] = (totals.sats[target] as number) + watched + given;
    totals.claps[target] = (totals.claps[target] as number) + streams.number(slot, CLAPS + target);
  }
  assert(paid === streams.amount(slot, PAID), 'a stream paid what its targets got');
  assert(watch === streams.amount(slot, WATCH), 'a stream watched what its targets got');
  assert(paid <= streams.amount(slot, HOLD), 'a stream paid no more than its hold');
  assert(paid === worthOf(state, slot), 'a stream paid what its words are worth');
}

function worthOf({ streams }: RoundState, slot: number): number {
  let worth = 0;
  for (let chain = 0; chain < streams.number(slot, CHAIN_COUNT); chain++) {
    const tip = streams.number(slot, TIPS + chain);
    assert(tip <= streams.chainLength(slot, chain), 'a word is of its chain');
    worth += tip * streams.number(slot, UNITS + chain);
  }
  return worth;
}

/** What every phase has behind it: without it the round would stand still, or end at a time that it never had. */
function checkFacts({ phase, startedAtMs, endedAtMs, cutoffAtMs, settlement }: RoundFacts): void {
  const started = PHASES.indexOf(phase) >= PHASES.indexOf('live');
  const ended = PHASES.indexOf(phase) >= PHASES.indexOf('closing');
  if (phase !== 'cancelled') {
    assert((startedAtMs !== null) === started, 'a round has a start from `live` on');
    assert((endedAtMs !== null) === ended, 'a round has an end from `closing` on');
    assert((cutoffAtMs !== null) === ended, 'a round has a cutoff from `closing` on');
  }
  const status = settlement?.status ?? null;
  const fits =
    phase === 'settled'
      ? status === 'mined'
      : phase === 'cancelled'
        ? status === null || status === 'refunded'
        : status === null || (phase === 'settling' && (status === 'planned' || status === 'accepted'));
  assert(fits, `a round that is ${phase} is not ${status ?? 'without settlement'}`);
}

function checkGifts({ gifts, streams }: RoundState): void {
  for (const gift of gifts.recent()) {
    assert(gift.slot < streams.count, 'a gift is from a stream of the round');
    assert(gift.target < streams.participants, 'a gift is for a participant of the round');
  }
}

function checkTotals(state: RoundState, head: SaveHead): void {
  for (const [index, saved] of head.totals.entries()) {
    const { sats, votes, claps } = state.totals;
    const same = sats[index] === saved.sats && votes[index] === saved.votes && claps[index] === saved.claps;
    assert(same, `the rows add up to the saved totals of participant ${index}`);
  }
}
