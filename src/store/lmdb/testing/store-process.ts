/**
 * Process of processes.test.ts: opens the store at the path in its first argument, acquires the round in
 * its second and appends segments without end. Prints the number of each that was acknowledged, one a line.
 * To be killed.
 */
import type { RoundId } from '../../../core/ids.ts';
import { openLmdbStore } from '../lmdb-store.ts';

const [, , path = '', roundId = ''] = process.argv;
const store = await openLmdbStore({ path });
const owned = await store.acquireRound(roundId as RoundId);
if (!owned.ok) throw new Error(owned.code);

const { generation } = owned;
let seq = owned.segments.at(-1)?.seq ?? owned.snapshot?.seq ?? 0;
for (;;) {
  seq++;
  const write = { roundId: roundId as RoundId, generation, seq, phase: 'live' as const };
  const bytes = new Uint8Array(20_000).fill(seq);
  // Now and then a snapshot, which drops the segments: it may not lose any either.
  const isSnapshot = seq % 10 === 0;
  const written = await (isSnapshot
    ? store.saveSnapshot({ ...write, bytes })
    : store.appendSegment({ ...write, bytes }));
  if (!written.ok) throw new Error(written.code);
  process.stdout.write(`${seq}\n`);
}
