/** A process with one edge thread, one shard thread, and the link between them. */
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { serveParent } from '../lib/child.ts';
import { quantile } from '../lib/statistics.ts';
import { threadCpuNs } from '../lib/thread-cpu.ts';
import { applyNs } from './apply.ts';
import type { EdgeThreadData, FromEdgeThread, ToEdgeThread } from './edge-thread.ts';
import { makeRing } from './ring.ts';
import type { FromShardThread, ShardThreadData, ToShardThread } from './shard-thread.ts';

/** Four batches of the most words that a link takes, and their heads. */
const TO_SHARD_BYTES = 16 * 1024 * 1024;
const TO_EDGE_BYTES = 64 * 1024;

export type Transport = 'port' | 'ring';

export interface FloodFigures {
  readonly payments: number;
  readonly elapsedMs: number;
  readonly edgeCpuNs: number;
  readonly shardCpuNs: number;
}

export interface PaceFigures {
  readonly payments: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly edgeCpuNs: number;
  readonly shardCpuNs: number;
}

let edge: Worker | undefined;
let shard: Worker | undefined;
const threads = { edge: 0, shard: 0 };

const calls = {
  async start({ transport, streams }: { transport: Transport; streams: number }): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    const rings =
      transport === 'port' ? null : { toShard: makeRing(TO_SHARD_BYTES), toEdge: makeRing(TO_EDGE_BYTES) };
    const shardData: ShardThreadData = { port: port1, rings };
    shard = new Worker(new URL('./shard-thread.ts', import.meta.url), {
      workerData: shardData,
      transferList: [port1],
    });
    threads.shard = (await answer<FromShardThread, 'ready'>(shard, 'ready')).threadId;
    const edgeData: EdgeThreadData = { port: port2, rings, streams };
    edge = new Worker(new URL('./edge-thread.ts', import.meta.url), {
      workerData: edgeData,
      transferList: [port2],
    });
    askEdge({ kind: 'open' });
    threads.edge = (await answer<FromEdgeThread, 'opened'>(edge, 'opened')).threadId;
  },

  /** `saveDelayMs`: how long the store takes for each save. */
  async flood({ payments, saveDelayMs }: { payments: number; saveDelayMs: number }): Promise<FloodFigures> {
    askShard({ kind: 'saveDelay', delayMs: saveDelayMs });
    const before = cpu();
    askEdge({ kind: 'flood', payments });
    const { elapsedMs } = await answer<FromEdgeThread, 'flooded'>(edge, 'flooded');
    return { payments, elapsedMs, ...since(before) };
  },

  async pace({ perSecond, seconds }: { perSecond: number; seconds: number }): Promise<PaceFigures> {
    askShard({ kind: 'saveDelay', delayMs: 0 });
    const before = cpu();
    askEdge({ kind: 'pace', perSecond, seconds });
    const { payments, latenciesMs } = await answer<FromEdgeThread, 'paced'>(edge, 'paced');
    const spent = since(before);
    const latencies = Array.from(latenciesMs);
    return {
      payments,
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      maxMs: quantile(latencies, 1),
      ...spent,
    };
  },

  /** Without threads; nanoseconds a word. */
  apply: (size: { streams: number; warmUpPayments: number; payments: number }): number => applyNs(size),

  async ledger(): Promise<{ readonly streams: number; readonly paidSats: number }> {
    askShard({ kind: 'ledger' });
    const { streams, paidSats } = await answer<FromShardThread, 'ledger'>(shard, 'ledger');
    return { streams, paidSats };
  },
};
export type HopCalls = typeof calls;

function askEdge(message: ToEdgeThread): void {
  edge?.postMessage(message, []);
}

function askShard(message: ToShardThread): void {
  shard?.postMessage(message, []);
}

/** The next message, which has to be of that kind. Rejects when the thread fails. */
async function answer<M extends { readonly kind: string }, K extends M['kind']>(
  worker: Worker | undefined,
  kind: K,
): Promise<Extract<M, { kind: K }>> {
  if (worker === undefined) throw new Error('start comes first');
  const [message] = (await once(worker, 'message')) as [M];
  if (message.kind !== kind) throw new Error(`${message.kind} came, and no ${kind}`);
  return message as Extract<M, { kind: K }>;
}

function cpu(): { readonly edge: number; readonly shard: number } {
  return { edge: threadCpuNs(process.pid, threads.edge), shard: threadCpuNs(process.pid, threads.shard) };
}

function since(before: ReturnType<typeof cpu>): { readonly edgeCpuNs: number; readonly shardCpuNs: number } {
  const now = cpu();
  return { edgeCpuNs: now.edge - before.edge, shardCpuNs: now.shard - before.shard };
}

serveParent(calls, async () => {
  askEdge({ kind: 'stop' });
  askShard({ kind: 'stop' });
  for (const worker of [edge, shard]) if (worker !== undefined) await once(worker, 'exit');
});
