/**
 * Preloaded into an engine under test (`node --import`), so that the harness can have a single thread of it die.
 * Nothing of this is in the engine itself: it learns of its threads by standing in for the Worker class, and takes
 * orders from the process that spawned it, over the pipe between the two.
 */
import threads, { type WorkerOptions, Worker, isMainThread, postMessageToThread } from 'node:worker_threads';
import { syncBuiltinESMExports } from 'node:module';

/**
 * crash: as a failed assertion would. terminate: wherever it is, without a word. exhaust: by its memory limit.
 * Edges are only crashed: ending one while its uWebSockets.js loop is open would abort the process.
 */
export interface DrillOrder {
  readonly drill: 'crash' | 'terminate' | 'exhaust';
  readonly thread: 'shard' | 'edge' | 'builder' | 'writer' | 'main';
}

const SHARD_HEAP_MB = 256;
const EXHAUST = 'drill: exhaust';

const running = new Map<DrillOrder['thread'], Set<Worker>>();

function kindOf(entry: string | URL): DrillOrder['thread'] | null {
  const name = String(entry);
  if (name.endsWith('shard-thread.ts')) return 'shard';
  if (name.endsWith('edge-thread.ts')) return 'edge';
  if (name.endsWith('writer-thread.ts')) return 'writer';
  return name.includes('piscina') ? 'builder' : null;
}

class WatchedWorker extends Worker {
  constructor(entry: string | URL, options: WorkerOptions = {}) {
    const kind = kindOf(entry);
    const resourceLimits = { ...options.resourceLimits, maxOldGenerationSizeMb: SHARD_HEAP_MB };
    super(entry, kind === 'shard' ? { ...options, resourceLimits } : options);
    if (kind === null) return;
    const siblings = running.get(kind) ?? new Set();
    running.set(kind, siblings.add(this));
    this.on('exit', () => siblings.delete(this));
  }
}

function exhaust(): never {
  const hoard: number[][] = [];
  for (;;) hoard.push(Array.from({ length: 100_000 }, Math.random));
}

async function obey({ drill, thread }: DrillOrder): Promise<void> {
  if (thread === 'main') exhaust();
  for (const worker of running.get(thread) ?? []) {
    if (drill === 'exhaust') await postMessageToThread(worker.threadId, EXHAUST);
    else if (drill === 'terminate' && thread !== 'edge') await worker.terminate();
    else if (thread === 'shard') worker.postMessage({ kind: 'crash' }, []);
    else worker.postMessage({ kind: 'link' }, []); // a link without a port: a TypeError where it is used
    if (thread === 'shard') break; // behind it is its spare, which no drill is for
  }
}

if (isMainThread) {
  threads.Worker = WatchedWorker;
  syncBuiltinESMExports();
  process.on('message', (order: DrillOrder) => void obey(order).catch(() => undefined)); // it is gone already
  process.on('disconnect', () => process.exit(70)); // no engine outlives its harness
  process.channel?.unref();
} else {
  process.on('workerMessage', (message: unknown) => {
    if (message === EXHAUST) exhaust();
  });
}
