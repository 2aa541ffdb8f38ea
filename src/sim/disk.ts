/**
 * What is stored, for all processes of a run: the memory store twice. One is what readers see; the other is what would
 * survive the loss of power, which follows when something is synced. Outlives every process.
 */
import type { Store } from '../ports/store.ts';
import { cloneState } from '../store/memory/clone.ts';
import { openMemoryStore } from '../store/memory/memory-store.ts';
import { type MemoryState, emptyState } from '../store/memory/state.ts';
import { asSent } from './late-writes.ts';
import type { Write } from './write.ts';

type AnyMethod = (...args: readonly unknown[]) => Promise<unknown>;

function invoke(
  store: Store,
  { method, args }: { method: keyof Store; args: readonly unknown[] },
): Promise<unknown> {
  return (store[method] as AnyMethod)(...args);
}

/** `wrap`: what a planted bug makes of the store. */
export class Disk {
  readonly #wrap: (store: Store, state: MemoryState) => Store;
  readonly #onDurable: (write: Write) => void;
  #visible: MemoryState;
  #visibleStore: Store;
  readonly #durable: MemoryState = emptyState();
  readonly #durableStore: Store;
  readonly #unsynced: Write[] = [];

  constructor(options: {
    readonly wrap: (store: Store, state: MemoryState) => Store;
    /** A write that changed something is durable from now on. */
    readonly onDurable: (write: Write) => void;
  }) {
    this.#wrap = options.wrap;
    this.#onDurable = options.onDurable;
    this.#visible = emptyState();
    this.#visibleStore = options.wrap(openMemoryStore(this.#visible), this.#visible);
    this.#durableStore = options.wrap(openMemoryStore(this.#durable), this.#durable);
  }

  /** To be looked at only. */
  get state(): MemoryState {
    return this.#visible;
  }

  get durable(): MemoryState {
    return this.#durable;
  }

  read(method: keyof Store, args: readonly unknown[]): Promise<unknown> {
    return invoke(this.#visibleStore, { method, args });
  }

  /** At once, and visible; durable after the next `sync`. */
  apply(write: Write): Promise<unknown> {
    this.#unsynced.push(write);
    return carryOut(write, this.#visibleStore, this.#visible);
  }

  sync(): void {
    for (const write of this.#unsynced.splice(0)) {
      // What the store refused or asserted against, the visible one has told its caller.
      carryOut(write, this.#durableStore, this.#durable).then(
        (answer) => {
          if (!isRefusal(answer)) this.#onDurable(write);
        },
        () => undefined,
      );
    }
  }

  /** Back to what was synced. */
  losePower(): void {
    this.#unsynced.length = 0;
    this.#visible = cloneState(this.#durable);
    this.#visibleStore = this.#wrap(openMemoryStore(this.#visible), this.#visible);
  }
}

function carryOut(write: Write, store: Store, state: MemoryState): Promise<unknown> {
  const run = (): Promise<unknown> => invoke(store, write);
  return write.late === true ? asSent(write, state, run) : run();
}

function isRefusal(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === false;
}
