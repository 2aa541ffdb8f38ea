/**
 * Preloaded into every thread of an engine under test (`node --import`): answers what only the thread itself knows,
 * and has it use a store that counts. Nothing of this is in the engine. Asked by engine-process.ts.
 */
import { type Profiler, Session } from 'node:inspector/promises';
import { registerHooks } from 'node:module';
import { isMainThread, postMessageToThread } from 'node:worker_threads';
import { ownThreadId } from '../lib/thread-cpu.ts';
import type { ProbeAnswers, ProbeCall, ProbeQuestion, ThreadMemory } from './probe.ts';
import { storeCalls } from './store-calls.ts';

const MAIN_THREAD = 0;
const COUNTED_STORE = new URL('./counted-store.ts', import.meta.url).href;
const SAMPLE_EVERY_US = 250;

registerHooks({
  resolve(specifier, context, next) {
    const isOurs = context.parentURL === COUNTED_STORE;
    if (specifier.endsWith('/open-store.ts') && !isOurs) return { url: COUNTED_STORE, shortCircuit: true };
    return next(specifier, context);
  },
});

function memory(): ThreadMemory {
  if (globalThis.gc === undefined) throw new Error('the engine was started without --expose-gc');
  globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  return { heapBytes: heapUsed, heapTotalBytes: heapTotal, externalBytes: external };
}

let profiling: Session | null = null;

async function startProfile(): Promise<null> {
  profiling = new Session();
  profiling.connect();
  await profiling.post('Profiler.enable');
  await profiling.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
  await profiling.post('Profiler.start');
  return null;
}

async function stopProfile(): Promise<string> {
  if (profiling === null) throw new Error('no profile was started');
  const { profile }: { profile: Profiler.Profile } = await profiling.post('Profiler.stop');
  profiling.disconnect();
  profiling = null;
  return JSON.stringify(profile);
}

const ANSWERS: { readonly [Q in ProbeQuestion]: () => ProbeAnswers[Q] | Promise<ProbeAnswers[Q]> } = {
  memory,
  threadId: ownThreadId,
  storeCalls,
  startProfile,
  stopProfile,
};

/** In the thread that asks. */
export async function probeHere<Q extends ProbeQuestion>(question: Q): Promise<ProbeAnswers[Q]> {
  return await ANSWERS[question]();
}

if (!isMainThread) {
  process.on('workerMessage', ({ probe, no }: ProbeCall) => {
    void probeHere(probe).then((answer) => postMessageToThread(MAIN_THREAD, { probe: 'answer', no, answer }));
  });
}
