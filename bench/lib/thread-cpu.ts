/**
 * CPU time of one thread or of a process, in nanoseconds, from the kernel's scheduler (`schedstat`: time on a CPU, user
 * and system together). Linux only, as is all of this folder.
 *
 * A worker thread tells its own id (`ownThreadId`, sent to whoever measures); a thread whose code is not ours is found by
 * what `threadIds` has more after it was started.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** The kernel's id of the thread that calls this; in the main thread it is the process id. */
export function ownThreadId(): number {
  return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
}

/** Every thread of the process now: the main one, workers, and those of V8 and libuv. */
export function threadIds(pid: number): Set<number> {
  return new Set(readdirSync(`/proc/${pid}/task`).map(Number));
}

/** Since the thread began. Throws when there is no such thread (any more). */
export function threadCpuNs(pid: number, threadId: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${threadId}/schedstat`, 'latin1').split(' ')[0]);
}

/** All threads that live now; what ended before is not in it, so keep threads between two readings. */
export function processCpuNs(pid: number): number {
  let sum = 0;
  for (const threadId of threadIds(pid)) {
    try {
      sum += threadCpuNs(pid, threadId);
    } catch (error) {
      if (!isGone(error)) throw error; // it ended since the directory was read
    }
  }
  return sum;
}

function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ESRCH';
}
