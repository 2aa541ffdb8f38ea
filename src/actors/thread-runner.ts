/**
 * Where the supervisor gets threads, and channels between them. `worker_threads` in the engine; the simulator has
 * a runner of its own, so that the same supervisor, restart policy and order of messages are what it drives.
 */
import { MessageChannel, type MessagePort, type Transferable, Worker } from 'node:worker_threads';

export interface ThreadStart<In> {
  readonly name: string;
  /** Module that the thread runs. */
  readonly entry: URL;
  /** Its `workerData`. */
  readonly data: unknown;
  onMessage(message: In): void;
  /** Something was thrown and not caught: `onExit` follows. */
  onError(error: unknown): void;
  /** Once, when the thread has ended for whatever reason; never before `start` has returned. */
  onExit(exitCode: number): void;
}

export interface RunningThread<Out> {
  post(message: Out, transfer: readonly Transferable[]): void;
  /** Ends the thread wherever it is. */
  terminate(): Promise<unknown>;
}

export interface ThreadRunner {
  start<Out, In>(start: ThreadStart<In>): RunningThread<Out>;
  /** Both ends are sent to threads. */
  channel(): { readonly port1: MessagePort; readonly port2: MessagePort };
}

export const workerThreads: ThreadRunner = {
  start(start) {
    const worker = new Worker(start.entry, { workerData: start.data, name: start.name });
    worker.on('message', (message) => start.onMessage(message));
    worker.on('error', (error) => start.onError(error));
    worker.on('exit', (exitCode) => start.onExit(exitCode));
    return {
      post: (message, transfer) => worker.postMessage(message, transfer),
      terminate: async () => await worker.terminate(),
    };
  },
  channel: () => new MessageChannel(),
};
