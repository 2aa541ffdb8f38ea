/** Worker of threads.test.ts: a thread with a handle of its own that does what its job says, and reports. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../../core/assert.ts';
import { EngineError } from '../../../core/errors.ts';
import type { AccountId, RoundId, StreamId } from '../../../core/ids.ts';
import { openLmdbStore } from '../lmdb-store.ts';

export type ThreadJob =
  /** Opens the store and closes it again. */
  | { readonly kind: 'open' }
  /** That many holds of one sat at once, with stream ids of its own. Reports how many were granted. */
  | {
      readonly kind: 'hold';
      readonly thread: number;
      readonly account: AccountId;
      readonly roundId: RoundId;
      readonly count: number;
    }
  /** Acquires the round and appends until it is fenced off. Reports generation and last granted seq. */
  | { readonly kind: 'append'; readonly roundId: RoundId }
  /** As `append`, without end: to be terminated. Reports each granted seq. */
  | { readonly kind: 'appendForEver'; readonly roundId: RoundId };

export interface ThreadData {
  readonly path: string;
  readonly job: ThreadJob;
}

export type ThreadReport =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'granted'; readonly count: number }
  | { readonly kind: 'owner'; readonly generation: number }
  | { readonly kind: 'seq'; readonly generation: number; readonly seq: number }
  | { readonly kind: 'fenced'; readonly generation: number; readonly lastSeq: number };

const port = parentPort;
assert(port !== null, 'runs in a worker');

function report(message: ThreadReport): void {
  port?.postMessage(message, []);
}

async function append(
  store: Awaited<ReturnType<typeof openLmdbStore>>,
  job: { readonly roundId: RoundId; readonly isLoud: boolean },
): Promise<void> {
  const { roundId } = job;
  const owned = await store.acquireRound(roundId);
  assert(owned.ok, 'the round is there');
  const { generation } = owned;
  report({ kind: 'owner', generation });
  let seq = owned.segments.at(-1)?.seq ?? 0;
  for (;;) {
    const bytes = new Uint8Array(2_000).fill(generation);
    const written = await store.appendSegment({ roundId, generation, seq: seq + 1, bytes, phase: 'live' });
    if (!written.ok) break;
    seq++;
    if (job.isLoud) report({ kind: 'seq', generation, seq });
  }
  report({ kind: 'fenced', generation, lastSeq: seq });
}

async function run({ path, job }: ThreadData): Promise<void> {
  const store = await openLmdbStore({ path });
  if (job.kind === 'open') report({ kind: 'opened' });
  else if (job.kind === 'hold') {
    const { account, roundId, thread } = job;
    const answers = await Promise.all(
      Array.from({ length: job.count }, (_, i) => {
        const streamId = (thread * 100_000 + i).toString(16).padStart(32, '0') as StreamId;
        return store.hold({ streamId, roundId, account, sats: 1, atMs: 1 });
      }),
    );
    report({ kind: 'granted', count: answers.filter((answer) => answer.ok).length });
  } else await append(store, { roundId: job.roundId, isLoud: job.kind === 'appendForEver' });
  await store.close();
}

try {
  await run(workerData as ThreadData);
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  report({ kind: 'refused', code: error.code });
}
