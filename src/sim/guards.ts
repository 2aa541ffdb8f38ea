/**
 * While a run goes on, the machine's own time and chance throw: a seed that read them would not replay. Applies to
 * everything in the process, dependencies included, so nothing but the run may be under way meanwhile.
 */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

interface Place {
  readonly on: object;
  readonly name: string;
}

const PLACES: readonly Place[] = [
  { on: Date, name: 'now' },
  { on: Math, name: 'random' },
  { on: performance, name: 'now' },
  { on: globalThis, name: 'setTimeout' },
  { on: globalThis, name: 'setInterval' },
  { on: globalThis, name: 'setImmediate' },
  { on: globalThis.crypto, name: 'randomUUID' },
  { on: globalThis.crypto, name: 'getRandomValues' },
  { on: crypto, name: 'randomBytes' },
  { on: crypto, name: 'randomUUID' },
];

/** Runs `work` with the guards on; they are off again when it has ended, however. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  const undo = PLACES.map(close);
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    for (const open of undo.toReversed()) open();
    syncBuiltinESMExports();
  }
}

function close({ on, name }: Place): () => void {
  const own = Object.getOwnPropertyDescriptor(on, name);
  Object.defineProperty(on, name, {
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? false,
    value: () => {
      throw new Error(`${name} was called in a simulated run: time and chance come from the seed`);
    },
  });
  return () => {
    if (own === undefined) Reflect.deleteProperty(on, name);
    else Object.defineProperty(on, name, own);
  };
}
