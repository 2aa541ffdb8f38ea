/**
 * Writes that arrive after their caller was told that they are in doubt. A remote store lets such a write happen only
 * if what it was sent for is still so: it is conditional on what was read before it was sent
 * (store/aerospike: generation and seq of a round, size of a hold, version of a receipt). What is conditional on
 * nothing here carries its condition in itself: the id of an entry, of a round or of a stream, or the status it changes.
 */
import type { RoundId } from '../core/ids.ts';
import type { Store } from '../ports/store.ts';
import { takesHolds } from '../store/holds.ts';
import type { MemoryState } from '../store/memory/state.ts';
import type { Write } from './write.ts';

/** Whether the write still fits what is stored now. */
export type LateCondition = (state: MemoryState) => boolean;

type Input<M extends keyof Store> = Parameters<Store[M]>[0];

/** `state`: as it is when the write is sent. */
export function lateCondition({ method, args: [input] }: Write, state: MemoryState): LateCondition {
  switch (method) {
    case 'acquireRound': {
      const roundId = input as RoundId;
      const generation = state.rounds.get(roundId)?.generation;
      return (now) => now.rounds.get(roundId)?.generation === generation;
    }
    case 'appendSegment':
    case 'saveSnapshot': {
      const { roundId } = input as Input<'saveSnapshot'>;
      const seq = state.rounds.get(roundId)?.seq;
      return (now) => now.rounds.get(roundId)?.seq === seq;
    }
    case 'hold': {
      const { roundId } = input as Input<'hold'>;
      const wasOpen = takesHolds(state.rounds.get(roundId)?.phase);
      return (now) => wasOpen && !areHoldsClosed(now, roundId);
    }
    case 'shrinkHold': {
      const { streamId } = input as Input<'shrinkHold'>;
      const heldSats = heldFor(state, streamId);
      return (now) => heldFor(now, streamId) === heldSats;
    }
    case 'putReceipt': {
      const roundId = input as RoundId;
      const before = state.receipts.get(roundId);
      return (now) => now.receipts.get(roundId) === before;
    }
    default:
      return () => true;
  }
}

/** By a settlement or a refund. */
export function areHoldsClosed(state: MemoryState, roundId: RoundId): boolean {
  return state.settlements.has(roundId) || state.refundedRounds.has(roundId);
}

/**
 * Runs `apply` as the store sees a late write: whether a round takes holds was looked at before the hold was sent, and
 * what stands against it now is only that the holds were closed.
 */
export function asSent<T>(write: Write, state: MemoryState, apply: () => T): T {
  const round =
    write.method === 'hold' ? state.rounds.get((write.args[0] as Input<'hold'>).roundId) : undefined;
  if (round === undefined || takesHolds(round.phase)) return apply();
  const { phase } = round;
  round.phase = 'live';
  const answer = apply();
  round.phase = phase;
  return answer;
}

function heldFor(state: MemoryState, streamId: Input<'shrinkHold'>['streamId']): number | undefined {
  const roundId = state.streams.get(streamId);
  return roundId === undefined ? undefined : state.openHolds.get(roundId)?.get(streamId)?.sats;
}
