/** What a store has of a round, right after it has answered that a save is kept. */
import type { MemoryRound } from '../../store/memory/state.ts';
import type { Finding } from './books-checker.ts';

/** The saves from the snapshot on, without a gap, up to the one that was answered. */
export function checkSaves({ terms, snapshot, segments, seq }: MemoryRound): Finding | undefined {
  let last = snapshot?.seq ?? 0;
  for (const segment of segments) {
    if (segment.seq !== last + 1) return gap(terms.roundId, last + 1);
    last = segment.seq;
  }
  return last === seq ? undefined : gap(terms.roundId, last + 1);
}

function gap(roundId: string, seq: number): Finding {
  return { checker: 'saves', message: `save ${seq} of ${roundId} was answered and is not stored` };
}
