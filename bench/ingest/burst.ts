/**
 * What a server spends on messages, without the generator in its way: the server's process is stopped, everything is
 * written to its sockets, and from the moment it goes on its threads' CPU time is read until they are quiet.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadCpuNs } from '../lib/thread-cpu.ts';

const POLL_MS = 5;
/** Quiet: so long with less than this. An engine that does nothing has its timers. */
const QUIET_MS = 60;
const QUIET_NS = 400_000;

export interface Burst {
  /** Of the thread that owns the sockets. */
  readonly cpuNs: number;
  /** Until it had nothing to do any more. */
  readonly elapsedMs: number;
}

/** `write` writes at once and is done: everything is in the kernel's buffers before the server sees any of it. */
export async function burst(
  server: { readonly pid: number; readonly threadId: number },
  write: () => void,
): Promise<Burst> {
  const { pid, threadId } = server;
  process.kill(pid, 'SIGSTOP');
  while (stateOf(pid, threadId) !== 'T') await sleep(1);
  const beforeNs = threadCpuNs(pid, threadId);
  write();
  const startedMs = performance.now();
  process.kill(pid, 'SIGCONT');
  let busyMs = startedMs;
  let busyNs = beforeNs;
  while (performance.now() - busyMs < QUIET_MS) {
    await sleep(POLL_MS);
    const nowNs = threadCpuNs(pid, threadId);
    // One that waits for a processor is not quiet.
    if (nowNs - busyNs < QUIET_NS && stateOf(pid, threadId) === 'S') continue;
    busyNs = nowNs;
    busyMs = performance.now();
  }
  return { cpuNs: threadCpuNs(pid, threadId) - beforeNs, elapsedMs: busyMs - startedMs };
}

/** T: stopped (each thread notices the signal by itself); S: asleep; R: running, or waiting for a processor. */
function stateOf(pid: number, threadId: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/task/${threadId}/stat`, 'latin1');
  return stat[stat.lastIndexOf(')') + 2];
}
