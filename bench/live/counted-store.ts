/**
 * Takes the place of src/open-store.ts in an engine under test (probe-thread.ts sees to that): the same store, with
 * every call of the Store port counted in the thread that makes it. The engine itself counts nothing.
 */
import * as real from '../../src/open-store.ts';
import type { Store } from '../../src/ports/store.ts';
import { countStoreCall } from './store-calls.ts';

export const storeChoiceOf: typeof real.storeChoiceOf = real.storeChoiceOf;

export async function openStore(choice: real.StoreChoice): Promise<Store> {
  const store = await real.openStore(choice);
  return new Proxy(store, {
    get(target, operation, receiver) {
      const found: unknown = Reflect.get(target, operation, receiver);
      if (typeof found === 'function') countStoreCall(String(operation)); // it is looked up to be called
      return found;
    },
  });
}
