/**
 * Process of faults.test.ts, run with a limit on file sizes: appends segments until a write fails, then
 * prints how many were saved, how the failure was reported, and whether a small write goes through
 * afterwards.
 */
import { EngineError } from '../../../core/errors.ts';
import type { RoundId } from '../../../core/ids.ts';
import type { Store } from '../../../ports/store.ts';
import { openLmdbStore } from '../lmdb-store.ts';

const [, , path = ''] = process.argv;
const roundId = 'battle' as RoundId;
const store = await openLmdbStore({ path });
const terms = { roundId } as Parameters<Store['createRound']>[0]['terms'];
await store.createRound({ terms, createdAtMs: 1 });
await store.acquireRound(roundId);

let saved = 0;
let failure: EngineError | undefined;
while (failure === undefined) {
  const bytes = new Uint8Array(300_000);
  try {
    await store.appendSegment({ roundId, generation: 1, seq: saved + 1, bytes, phase: 'live' });
    saved++;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    failure = error;
  }
}
const { code, inDoubt, retryable } = failure;
const smallWriteAfter = await store.check();
process.stdout.write(JSON.stringify({ saved, code, inDoubt, retryable, smallWriteAfter }));
await store.close();
