import { afterEach, expect, test } from 'vitest';
import { createLogger } from '../platform/logger.ts';
import { systemClock } from '../platform/clock.ts';
import type { Clock } from '../ports/clock.ts';
import { SupervisedThread } from './supervised-thread.ts';
import { workerThreads } from './thread-runner.ts';

const script = (source: string): URL => new URL(`data:text/javascript,${encodeURIComponent(source)}`);
const ECHO = script(`
  import { parentPort, workerData } from 'node:worker_threads';
  parentPort.postMessage('data ' + workerData);
  parentPort.on('message', (message) => {
    if (message === 'die') throw new Error('told to');
    if (message === 'stop') parentPort.close();
    else parentPort.postMessage(message);
  });
`);
const STILLBORN = script('process.exit(3)');
const DEAF = script(`import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => {});`);

const logger = createLogger({ level: 'silent', room: 'test' });
const policy = { delayMsMin: 100, delayMsMax: 400, provenMs: 1_000 };
const threads: SupervisedThread<string, string>[] = [];
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.terminate();
});

function make(entry: URL, clock: Clock = systemClock): SupervisedThread<string, string> {
  const thread: SupervisedThread<string, string> = new SupervisedThread<string, string>({
    name: 'test',
    entry,
    data: () => thread.restarts,
    clock,
    logger,
    policy,
    runner: workerThreads,
  });
  threads.push(thread);
  return thread;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Collects what happens, and lets a test wait for it. */
function recorder(thread: SupervisedThread<string, string>): (what: string) => Promise<void> {
  const seen: string[] = [];
  let look: (() => void) | undefined;
  const note = (what: string): void => {
    seen.push(what);
    look?.();
  };
  thread.start({
    onUp: () => note('up'),
    onDown: () => note('down'),
    onMessage: (message) => note(message),
  });
  return (what) =>
    new Promise((resolve) => {
      look = () => {
        if (seen.includes(what)) resolve();
      };
      look();
    });
}

test('a thread that dies is replaced at once, and the new one gets fresh data and mail', async () => {
  const thread = make(ECHO);
  const seen = recorder(thread);
  await seen('data 0');
  thread.post('die');
  await seen('down');
  await seen('data 1');
  expect([thread.restarts, thread.post('hello')]).toEqual([1, true]);
  await seen('hello');
  expect(await thread.stop('stop', 5_000)).toBe(true);
  expect([thread.up, thread.post('anybody')]).toEqual([false, false]);
});

test('a spare is started ahead, is silent until it takes over, and ends with the thread', async () => {
  let started = 0;
  const thread: SupervisedThread<string, string> = new SupervisedThread<string, string>({
    name: 'test',
    entry: ECHO,
    data: () => ++started,
    clock: systemClock,
    logger,
    policy,
    runner: workerThreads,
    spareAfterMs: 20,
  });
  threads.push(thread);
  const seen = recorder(thread);
  await seen('data 1');
  await until(() => started === 2);
  thread.post('die');
  await seen('down');
  thread.post('to the spare'); // it was there: nothing was started for this
  expect([started, thread.restarts]).toEqual([2, 1]);
  await seen('to the spare');
  await until(() => started === 3);
  expect(await thread.stop('stop', 5_000)).toBe(true);
});

test('a thread that cannot live is restarted later and later, up to a bound', async () => {
  const delaysMs: number[] = [];
  await new Promise<void>((resolve) => {
    const clock: Clock = {
      ...systemClock,
      monotonicMs: () => 0,
      after(delayMs, run) {
        delaysMs.push(delayMs);
        if (delaysMs.length === 5) {
          resolve();
          return { cancel() {} };
        }
        return systemClock.after(0, run);
      },
    };
    recorder(make(STILLBORN, clock));
  });
  expect(delaysMs).toEqual([100, 200, 400, 400, 400]);
});

test('a thread that does not stop in time is reported, and can be terminated', async () => {
  const thread = make(DEAF);
  recorder(thread);
  expect(await thread.stop('stop', 50)).toBe(false);
  await thread.terminate();
  expect(thread.up).toBe(false);
});
