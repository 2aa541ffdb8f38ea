/**
 * Loaded by `--import` into every thread of the engine that a load test starts (worker threads take over the flag), before
 * the engine's own code, which knows nothing of it. Tells the load test that there is this thread, and then of its pauses
 * for collecting garbage: nothing while there are none, else one line for each tenth of a second, so that they are found in
 * the second they were in. No pause makes a timer or a line of its own, and nothing here keeps a thread from ending.
 *
 * A thread tells when its loop turns. The one that builds settlements sleeps in `Atomics.wait` between its jobs, and so
 * never does; it works after the load.
 */
import { writeSync } from 'node:fs';
import { basename } from 'node:path';
import {
  type NodeGCPerformanceDetail,
  type PerformanceEntry,
  PerformanceObserver,
  constants,
} from 'node:perf_hooks';
import { isMainThread, threadId, threadName } from 'node:worker_threads';
import type { GcKind } from '../../run-result.ts';
import { PAUSES_FD, type PausesByKind, type ToldPauses, joined } from './pauses.ts';

/** What entries of this type are, by Node's documentation. */
interface GcEntry extends PerformanceEntry {
  readonly detail: NodeGCPerformanceDetail;
}

const TELL_AFTER_MS = 100;
const KINDS: ReadonlyMap<number, GcKind> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'scavenge'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'markCompact'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak'],
]);

/** The name it was given, else that of its file: `store/lmdb/writer-thread.ts` is 'writer'. */
const thread = isMainThread ? 'main' : threadName || fileName(process.argv[1] ?? 'unknown');
let untold: PausesByKind = {};
let timer: NodeJS.Timeout | null = null;

const observer = new PerformanceObserver((list) => {
  for (const { detail, duration } of list.getEntries() as GcEntry[]) {
    const kind = KINDS.get(detail.kind);
    if (kind === undefined) continue;
    untold = joined(untold, { [kind]: { count: 1, totalMs: duration, longestMs: duration } });
  }
  timer ??= setTimeout(tell, TELL_AFTER_MS).unref();
});
observer.observe({ entryTypes: ['gc'] });
tell();

function tell(): void {
  const told: ToldPauses = { thread, threadId, pauses: untold };
  untold = {};
  timer = null;
  try {
    writeSync(PAUSES_FD, `${JSON.stringify(told)}\n`);
  } catch {
    // The load test is gone, and with it whoever wants to know. The engine is stopped in its own time.
    observer.disconnect();
  }
}

function fileName(path: string): string {
  return basename(path).replace(/(-thread)?\.\w+$/, '');
}
