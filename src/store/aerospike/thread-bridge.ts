/**
 * The store of the main thread, lent to other threads: the client package is native and lives on the process's
 * default event loop, so a worker cannot load it. A call is one message to main and one back; calls of a
 * thread arrive in the order in which they were made. Errors cross as plain data.
 *
 * Main opens the store before other threads do, with the same options, and closes it last.
 */
import { type MessagePort, MessageChannel, postMessageToThread } from 'node:worker_threads';
import { AssertionFailure, assert } from '../../core/assert.ts';
import { type Code, EngineError } from '../../core/errors.ts';
import type { Store } from '../../ports/store.ts';
import type { AerospikeOptions } from './options.ts';

const MAIN_THREAD_ID = 0;
/** Calls of one thread that may wait for their answer. */
const PENDING_MAX = 100_000;

type Method = Exclude<keyof Store, 'close'>;

interface Call {
  readonly id: number;
  readonly method: Method;
  readonly inputs: readonly unknown[];
}

type Fault =
  | { readonly kind: 'bug'; readonly message: string }
  | { readonly kind: 'fault'; readonly code: Code; readonly message: string; readonly inDoubt: boolean };

type Answer =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly fault: Fault };

/** A worker to main, by `postMessageToThread`: a line to the store with these options. */
interface BorrowRequest {
  readonly ringside: 'aerospike.borrow';
  readonly name: string;
  readonly port: MessagePort;
}

type FromMain = { readonly kind: 'lent' } | { readonly kind: 'refused'; readonly message: string } | Answer;

interface Lender {
  readonly store: Store;
  readonly ports: Set<MessagePort>;
}

const lenders = new Map<string, Lender>();

/** The same store, which other threads can borrow until it is closed. Of two with equal options the first lends. */
export function lendStore(options: AerospikeOptions, store: Store): Store {
  const name = nameOf(options);
  if (lenders.size === 0) process.on('workerMessage', onWorkerMessage);
  const lender = lenders.get(name) ?? { store, ports: new Set() };
  lenders.set(name, lender);
  let isOpen = true;
  return {
    ...store,
    async close() {
      if (isOpen && lender.store === store) {
        lenders.delete(name);
        if (lenders.size === 0) process.off('workerMessage', onWorkerMessage);
        for (const port of lender.ports) port.close();
      }
      isOpen = false;
      await store.close();
    },
  };
}

function onWorkerMessage(value: unknown): void {
  if (!isBorrowRequest(value)) return;
  const { name, port } = value;
  const lender = lenders.get(name);
  if (lender === undefined) {
    send(port, { kind: 'refused', message: 'The main thread does not have this Aerospike store open.' });
    port.close();
    return;
  }
  lender.ports.add(port);
  port.on('close', () => lender.ports.delete(port));
  port.on('message', (call: Call) => void answer(lender.store, port, call));
  port.unref();
  send(port, { kind: 'lent' });
}

async function answer(store: Store, port: MessagePort, { id, method, inputs }: Call): Promise<void> {
  try {
    // Only this file knows that method and inputs fit together: they were paired by `Store`.
    const run = store[method] as (...all: readonly unknown[]) => Promise<unknown>;
    send(port, { id, ok: true, result: await run(...inputs) });
  } catch (error) {
    send(port, { id, ok: false, fault: faultOf(error) });
  }
}

function send(port: MessagePort, message: FromMain): void {
  port.postMessage(message); // a port whose other side is gone drops it
}

/** For threads other than main. @throws {EngineError} UNAVAILABLE when main has not opened it. */
export async function borrowStore(options: AerospikeOptions): Promise<Store> {
  const { port1: here, port2: there } = new MessageChannel();
  const welcome = new Promise<FromMain>((resolve) => {
    here.once('message', resolve);
    here.once('close', () => resolve({ kind: 'refused', message: 'The store was closed meanwhile.' }));
  });
  const request: BorrowRequest = { ringside: 'aerospike.borrow', name: nameOf(options), port: there };
  try {
    await postMessageToThread(MAIN_THREAD_ID, request, [there]);
  } catch (error) {
    here.close();
    throw new EngineError('UNAVAILABLE', {
      message: 'The main thread has no Aerospike store open; it has to open it before other threads do.',
      cause: error,
    });
  }
  const message = await welcome;
  if (!('kind' in message) || message.kind === 'refused') {
    here.close();
    throw new EngineError('UNAVAILABLE', 'kind' in message ? { message: message.message } : {});
  }
  return new BorrowedStore(here).asStore();
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

class BorrowedStore {
  readonly #port: MessagePort;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #isOpen = true;
  #drained: (() => void) | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: Answer) => this.#settle(message));
    port.on('close', () => this.#lose());
    port.unref();
  }

  asStore(): Store {
    const via =
      <M extends Method>(method: M) =>
      (...inputs: Parameters<Store[M]>): ReturnType<Store[M]> =>
        this.#call(method, inputs) as ReturnType<Store[M]>;
    return {
      createRound: via('createRound'),
      readRound: via('readRound'),
      listRounds: via('listRounds'),
      unfinishedRounds: via('unfinishedRounds'),
      acquireRound: via('acquireRound'),
      appendSegment: via('appendSegment'),
      saveSnapshot: via('saveSnapshot'),
      finishRound: via('finishRound'),
      readBalances: via('readBalances'),
      readBalance: via('readBalance'),
      hold: via('hold'),
      shrinkHold: via('shrinkHold'),
      holdsOfRound: via('holdsOfRound'),
      post: via('post'),
      listEntries: via('listEntries'),
      trialBalance: via('trialBalance'),
      commitSettlement: via('commitSettlement'),
      commitRefund: via('commitRefund'),
      readSettlement: via('readSettlement'),
      advanceTransaction: via('advanceTransaction'),
      openTransactions: via('openTransactions'),
      addCoins: via('addCoins'),
      freeCoins: via('freeCoins'),
      coinTotalSats: via('coinTotalSats'),
      putReceipt: via('putReceipt'),
      readReceipt: via('readReceipt'),
      check: async () => this.#isOpen && ((await this.#call('check', []).catch(() => false)) as boolean),
      close: () => this.#close(),
    };
  }

  #call(method: Method, inputs: readonly unknown[]): Promise<unknown> {
    if (!this.#isOpen) {
      return Promise.reject(new EngineError('UNAVAILABLE', { message: 'The store is closed.' }));
    }
    if (this.#pending.size >= PENDING_MAX) {
      return Promise.reject(new EngineError('UNAVAILABLE', { message: 'Too many store calls are waiting.' }));
    }
    const id = this.#nextId++;
    if (this.#pending.size === 0) this.#port.ref();
    const call: Call = { id, method, inputs: inputs.map(own) };
    this.#port.postMessage(call, []);
    return new Promise((resolve, reject) => void this.#pending.set(id, { resolve, reject }));
  }

  #settle(message: Answer): void {
    const pending = this.#pending.get(message.id);
    assert(pending !== undefined, `answer to an unknown call ${message.id}`);
    this.#pending.delete(message.id);
    if (message.ok) pending.resolve(message.result);
    else pending.reject(errorOf(message.fault));
    if (this.#pending.size > 0) return;
    this.#port.unref();
    this.#drained?.();
  }

  /** Main has closed the store: what was asked may or may not be done. */
  #lose(): void {
    this.#isOpen = false;
    for (const { reject } of this.#pending.values()) {
      reject(new EngineError('STORE_FAILED', { message: 'The store was closed.', inDoubt: true }));
    }
    this.#pending.clear();
    this.#drained?.();
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#pending.size > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    this.#port.close();
  }
}

/** Sending a view of a larger buffer to another thread would copy all of that buffer. */
function own(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || !('bytes' in input)) return input;
  const { bytes } = input;
  if (!(bytes instanceof Uint8Array) || bytes.byteLength === bytes.buffer.byteLength) return input;
  return { ...input, bytes: new Uint8Array(bytes) };
}

function nameOf(options: AerospikeOptions): string {
  return JSON.stringify(options, Object.keys(options).toSorted());
}

function isBorrowRequest(value: unknown): value is BorrowRequest {
  return (
    typeof value === 'object' &&
    value !== null &&
    'ringside' in value &&
    value.ringside === 'aerospike.borrow'
  );
}

function faultOf(error: unknown): Fault {
  if (error instanceof EngineError) {
    return { kind: 'fault', code: error.code, message: error.message, inDoubt: error.inDoubt };
  }
  return { kind: 'bug', message: error instanceof Error ? error.message : String(error) };
}

function errorOf(fault: Fault): AssertionFailure | EngineError {
  if (fault.kind === 'bug') return new AssertionFailure(fault.message);
  return new EngineError(fault.code, { message: fault.message, inDoubt: fault.inDoubt });
}
