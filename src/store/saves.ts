/** The rules about the sequence of saves of one round, the same in every store. Pure. */
import { assert } from '../core/assert.ts';
import type { RoundId } from '../core/ids.ts';

/**
 * Segments are numbered without a gap from 1, or from the snapshot they follow. A gap would lose accepted
 * payments on the next restart, so it is a bug. Answers 'replay' when the last segment is sent again, which
 * is what an owner does whose write was in doubt.
 */
export function segmentOrder(roundId: RoundId, seq: number, lastSeq: number): 'next' | 'replay' {
  assert(Number.isSafeInteger(seq) && seq > 0, `segment ${seq} of ${roundId} is not a sequence number`);
  assert(seq === lastSeq + 1 || seq === lastSeq, `segment ${seq} of ${roundId} does not follow ${lastSeq}`);
  return seq === lastSeq ? 'replay' : 'next';
}

/** A snapshot covers the saves up to its number, which may be one of its own; it never goes back. */
export function checkSnapshotOrder(
  roundId: RoundId,
  seq: number,
  saved: { readonly lastSeq: number; readonly snapshotSeq: number },
): void {
  assert(
    Number.isSafeInteger(seq) && seq >= saved.snapshotSeq && seq <= saved.lastSeq + 1 && seq > 0,
    `snapshot ${seq} of ${roundId} does not follow ${saved.snapshotSeq} and ${saved.lastSeq}`,
  );
}
