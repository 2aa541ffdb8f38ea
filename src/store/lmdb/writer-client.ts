/**
 * A thread's line to the writer: sends requests, settles their promises. Owned by the thread of its handle.
 * Requests of one turn go out as one message. The line keeps its thread alive only while something is
 * pending.
 */
import { type MessagePort, MessageChannel, isMainThread, postMessageToThread } from 'node:worker_threads';
import { assert } from '../../core/assert.ts';
import { EngineError } from '../../core/errors.ts';
import { errorOf } from './faults.ts';
import type { ConnectRequest, FromWriter, WriteOutcome, WriteRequest } from './messages.ts';
import type { OperationInput, OperationName, OperationResult } from './operations.ts';
import { connectHere, releaseHere } from './writer-host.ts';

const MAIN_THREAD_ID = 0;
/** Writes that may wait for their commit at a time, per handle. */
const PENDING_MAX = 100_000;

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class WriterClient {
  readonly #path: string;
  readonly #port: MessagePort;
  readonly #pending = new Map<number, Pending>();
  #outbox: WriteRequest[] = [];
  #nextId = 1;
  #state: 'open' | 'closing' | 'gone' = 'open';
  #drained: (() => void) | undefined;

  private constructor(path: string, port: MessagePort) {
    this.#path = path;
    this.#port = port;
    port.on('message', (message: FromWriter) => {
      if (message.kind === 'outcomes') for (const outcome of message.outcomes) this.#settle(outcome);
    });
    port.on('close', () => this.#lose());
    port.unref();
  }

  /** Throws EngineError when the store cannot be opened, or, on other threads, when main does not have it. */
  static async open(path: string): Promise<WriterClient> {
    const { port1: here, port2: there } = new MessageChannel();
    const welcome = firstMessage(here);
    try {
      await (isMainThread ? connectHere(path, there) : connectFromWorker(path, there));
      const message = await welcome;
      if (message.kind === 'welcome') return new WriterClient(path, here);
      throw new EngineError('UNAVAILABLE', {
        message: message.kind === 'refused' ? message.message : 'The store writer is gone.',
      });
    } catch (error) {
      here.close();
      throw error;
    }
  }

  /** Resolves when the write would survive a power loss. */
  write<N extends OperationName>(name: N, input: OperationInput<N>): Promise<OperationResult<N>> {
    if (this.#state !== 'open') {
      return Promise.reject(new EngineError('UNAVAILABLE', { message: 'The store is closed.' }));
    }
    if (this.#pending.size >= PENDING_MAX) {
      return Promise.reject(new EngineError('UNAVAILABLE', { message: 'Too many writes are waiting.' }));
    }
    const id = this.#nextId++;
    if (this.#pending.size === 0) this.#port.ref();
    if (this.#outbox.length === 0) queueMicrotask(() => this.#flush());
    this.#outbox.push({ id, name, input });
    return new Promise((resolve, reject) => {
      this.#pending.set(id, {
        resolve: (result) => resolve(result as OperationResult<N>),
        reject,
      });
    });
  }

  /** Waits for what is pending; the last handle of the main thread stops the writer. */
  async close(): Promise<void> {
    if (this.#state === 'closing') return;
    const wasGone = this.#state === 'gone';
    this.#state = 'closing';
    if (!wasGone && this.#pending.size > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    this.#port.close();
    if (isMainThread) await releaseHere(this.#path);
  }

  #flush(): void {
    const requests = this.#outbox;
    this.#outbox = [];
    this.#port.postMessage(requests, []);
  }

  #settle(outcome: WriteOutcome): void {
    const pending = this.#pending.get(outcome.id);
    assert(pending !== undefined, `outcome of an unknown write ${outcome.id}`);
    this.#pending.delete(outcome.id);
    if (outcome.ok) pending.resolve(outcome.result);
    else pending.reject(errorOf(outcome.fault));
    if (this.#pending.size > 0) return;
    this.#port.unref();
    this.#drained?.();
  }

  /** The writer is gone: what was sent may or may not be written. */
  #lose(): void {
    if (this.#state === 'open') this.#state = 'gone';
    for (const pending of this.#pending.values()) {
      pending.reject(
        new EngineError('STORE_FAILED', { message: 'The store writer is gone.', inDoubt: true }),
      );
    }
    this.#pending.clear();
    this.#drained?.();
  }
}

async function connectFromWorker(path: string, port: MessagePort): Promise<void> {
  const request: ConnectRequest = { ringside: 'store.connect', path, port };
  try {
    await postMessageToThread(MAIN_THREAD_ID, request, [port]);
  } catch (error) {
    throw new EngineError('UNAVAILABLE', {
      message: `The main thread has no store open; it has to open ${path} before other threads do.`,
      cause: error,
    });
  }
}

/** A closed port counts as a refusal. */
function firstMessage(port: MessagePort): Promise<FromWriter> {
  return new Promise((resolve) => {
    port.once('message', resolve);
    port.once('close', () => resolve({ kind: 'refused', message: 'The store was closed meanwhile.' }));
  });
}
