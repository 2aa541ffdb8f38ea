/** A round from what the store has of it. Exact: encoding it again gives the bytes it was restored from. */
import { assert } from '../core/assert.ts';
import { TruncatedError } from '../core/bytes.ts';
import { EngineError } from '../core/errors.ts';
import { rankScores, scoresOf } from './ranking.ts';
import { type SaveHead, applySave } from './save-codec.ts';
import { type RoundState, createRound, fitSession } from './state.ts';
import { CLAPS, HOLD, NOBODY, PAID, STATUS, STREAM_OPEN, VIEWER, VOTE, WATCH } from './stream-table.ts';
import type { RoundTerms } from './terms.ts';

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
 * Throws EngineError STORE_FAILED when the bytes are cut off, and asserts that they add up.
 */
export function restoreRound(input: RestoreInput): RoundState {
  const state = createRound({ terms: input.terms, epoch: input.epoch, nowMs: 0 });
  try {
    applyAll(state, input);
  } catch (error) {
    if (error instanceof TruncatedError) {
      throw new EngineError('STORE_FAILED', { message: 'a save of the round is cut off', cause: error });
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
}

function checkTotals(state: RoundState, head: SaveHead): void {
  for (const [index, saved] of head.totals.entries()) {
    const { sats, votes, claps } = state.totals;
    const same = sats[index] === saved.sats && votes[index] === saved.votes && claps[index] === saved.claps;
    assert(same, `the rows add up to the saved totals of participant ${index}`);
  }
}
