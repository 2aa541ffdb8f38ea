import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { monotonicMs } from '../monotonic.ts';
import { EnginePauses, TELL_PAUSES_FLAGS } from './engine-pauses.ts';
import { PAUSES_FD, type ToldPauses } from './pauses.ts';

const THREAD_IDS: Readonly<Record<string, number>> = { main: 0, 'shard-0': 3, 'edge-0': 4 };

function line(thread: string, ...pausesMs: number[]): string {
  const told: ToldPauses = {
    thread,
    threadId: THREAD_IDS[thread] ?? 0,
    pauses: {
      scavenge: {
        count: pausesMs.length,
        totalMs: pausesMs.reduce((sum, ms) => sum + ms, 0),
        longestMs: Math.max(...pausesMs),
      },
    },
  };
  return JSON.stringify(told);
}

describe('what threads told', () => {
  it('counts from the beginning of the load, second by second', () => {
    const pauses = new EnginePauses();
    pauses.take(line('main', 90));
    pauses.begin(monotonicMs() + 60_000);
    pauses.take(line('main', 80));
    pauses.begin(monotonicMs());
    pauses.take(line('edge-0', 2, 1));
    pauses.take(line('shard-0', 5));
    expect(pauses.endSecond()).toBe(5);
    expect(pauses.endSecond()).toBe(0);
    pauses.take(line('edge-0', 7));
    expect(pauses.endSecond()).toBe(7);
    pauses.take(line('edge-0', 70)); // in a second that nobody saw the end of
    const edge = { count: 3, totalMs: 10, longestMs: 7 };
    const shard = { count: 1, totalMs: 5, longestMs: 5 };
    expect(pauses.threads()).toEqual([
      { thread: 'edge-0', ...edge, kinds: { scavenge: edge } },
      { thread: 'shard-0', ...shard, kinds: { scavenge: shard } },
    ]);
  });

  it('keeps threads of the same name apart, whichever had a pause', () => {
    const pauses = new EnginePauses();
    for (const threadId of [5, 3]) {
      pauses.take(JSON.stringify({ thread: 'shard-0', threadId, pauses: {} }));
    }
    pauses.begin(0);
    const scavenge = { count: 1, totalMs: 4, longestMs: 4 };
    pauses.take(JSON.stringify({ thread: 'shard-0', threadId: 5, pauses: { scavenge } }));
    expect(pauses.endSecond()).toBe(4);
    expect(pauses.threads()).toEqual([{ thread: 'shard-0 (2)', ...scavenge, kinds: { scavenge } }]);
  });
});

/** Two threads, each with a full collection and then some turns of its loop, that end by themselves. */
const THREAD =
  'setTimeout(gc, 50); let n = 0; const t = setInterval(() => ++n > 10 && clearInterval(t), 30);';
const WORKER = `new URL('data:text/javascript,${encodeURIComponent(THREAD)}')`;
const PROGRAM = `new (require('node:worker_threads').Worker)(${WORKER}, { name: 'shard-7' }); ${THREAD}`;

function start(): ChildProcess {
  return spawn(process.execPath, ['--expose-gc', ...TELL_PAUSES_FLAGS, '-e', PROGRAM], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
}

describe('threads', () => {
  it('tell of their pauses, worker threads too', async () => {
    const child = start();
    const pauses = new EnginePauses();
    pauses.begin(0);
    pauses.read(child.stdio[PAUSES_FD] as Readable);
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(pauses.endSecond()).toBeGreaterThan(0);
    const threads = pauses.threads();
    expect(threads.map(({ thread }) => thread).toSorted()).toEqual(['main', 'shard-7']);
    for (const { kinds } of threads) expect(kinds.markCompact?.longestMs).toBeGreaterThan(0);
  });

  it('go on when nobody listens any more', async () => {
    const child = start();
    (child.stdio[PAUSES_FD] as Readable).destroy();
    expect(await once(child, 'close')).toEqual([0, null]);
  });
});
