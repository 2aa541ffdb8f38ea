/**
 * Starts, shares and stops writer threads. Owned by the main thread: it alone starts them, one per path and
 * process, so that a shard that is stopped or crashes never takes a writer down with it. Other threads ask
 * for a line to the writer by a message to the main thread, which has to have the store open.
 */
import { Worker, type MessagePort } from 'node:worker_threads';
import { EngineError } from '../../core/errors.ts';
import { errorOf } from './faults.ts';
import type { ConnectRequest, FromWriter, ToWriter, WriterStart } from './messages.ts';
import type { WriterData } from './writer-thread.ts';

interface Host {
  readonly worker: Worker;
  readonly started: Promise<void>;
  readonly exited: Promise<void>;
  handles: number;
}

const hosts = new Map<string, Host>();

/** Connects `port` to the writer of this path, which is started if it is not running. */
export async function connectHere(path: string, port: MessagePort): Promise<void> {
  let host = hosts.get(path);
  while (host !== undefined && host.handles === 0) {
    await host.exited; // it is stopping: start a new one after it
    host = hosts.get(path);
  }
  host ??= startHost(path);
  host.handles++;
  try {
    await host.started;
  } catch (error) {
    host.handles--;
    throw error;
  }
  connect(host, port);
}

/** The writer stops, and with it the handles of other threads, when the main thread's last handle closes. */
export async function releaseHere(path: string): Promise<void> {
  const host = hosts.get(path);
  if (host === undefined) return;
  host.handles--;
  if (host.handles > 0) return;
  const stop: ToWriter = { kind: 'stop' };
  host.worker.ref(); // the caller waits for it
  host.worker.postMessage(stop, []);
  await host.exited;
}

function startHost(path: string): Host {
  const data: WriterData = { path };
  const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData: data });
  worker.unref();
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      hosts.delete(path);
      if (hosts.size === 0) process.off('workerMessage', onWorkerMessage);
      resolve();
    });
  });
  const started = new Promise<void>((resolve, reject) => {
    let isStarted = false;
    worker.once('message', (message: WriterStart) => {
      isStarted = message.kind === 'ready';
      if (message.kind === 'ready') resolve();
      else reject(errorOf(message.fault));
    });
    worker.once('error', (error) => {
      // A bug in the writer: nothing can be kept without it, so the process ends and is started again.
      if (isStarted) throw error;
      reject(new EngineError('STORE_FAILED', { message: 'The store writer could not start.', cause: error }));
    });
    worker.once('exit', () => {
      // Ended without an error and without being told to: the same.
      if (isStarted && host.handles > 0) {
        throw new EngineError('STORE_FAILED', { message: 'The store writer ended while it was needed.' });
      }
      reject(new EngineError('STORE_FAILED', { message: 'The store writer ended before it was ready.' }));
    });
  });
  const host: Host = { worker, started, exited, handles: 0 };
  if (hosts.size === 0) process.on('workerMessage', onWorkerMessage);
  hosts.set(path, host);
  return host;
}

function connect(host: Host, port: MessagePort): void {
  const message: ToWriter = { kind: 'connect', port };
  host.worker.postMessage(message, [port]);
}

function onWorkerMessage(value: unknown): void {
  if (!isConnectRequest(value)) return;
  const host = hosts.get(value.path);
  if (host === undefined || host.handles === 0) {
    const refused: FromWriter = {
      kind: 'refused',
      message: `The main thread does not have the store at ${value.path} open.`,
    };
    value.port.postMessage(refused, []);
    value.port.close();
    return;
  }
  host.started.then(
    () => connect(host, value.port),
    () => value.port.close(),
  );
}

function isConnectRequest(value: unknown): value is ConnectRequest {
  return (
    typeof value === 'object' && value !== null && 'ringside' in value && value.ringside === 'store.connect'
  );
}
