/** What a suite of the Store port needs from an implementation. */
import type { Store } from '../../src/ports/store.ts';

/** An empty store, and how to throw it away. */
export interface OpenStore {
  readonly store: Store;
  /** Closes the store and opens what is left; undefined where nothing outlives closing. */
  readonly reopen: (() => Promise<Store>) | undefined;
  readonly dispose: () => Promise<void>;
}

/** Where the store of the running test is. */
export type StoreUnderTest = Omit<OpenStore, 'dispose'>;
