/**
 * A process with one bare uWebSockets.js thread. To be ended with `kill`: ending the thread while its loop is open
 * would abort the process all the same.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { serveParent } from '../lib/child.ts';
import type { BareReady, BareThreadData, ToBareThread } from './bare-thread.ts';

const received = new SharedArrayBuffer(4);
const count = new Int32Array(received);
const data: BareThreadData = { received };
let thread: Worker | undefined;

const calls = {
  async start(): Promise<BareReady> {
    thread = new Worker(new URL('./bare-thread.ts', import.meta.url), { workerData: data });
    const [ready] = (await once(thread, 'message')) as [BareReady];
    return ready;
  },
  received: (): number => Atomics.load(count, 0),
  publish(frame: Uint8Array): void {
    const message: ToBareThread = { frame };
    thread?.postMessage(message, []);
  },
};
export type BareCalls = typeof calls;

serveParent(calls);
