/** The edge's thread as the supervisor sees it. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import type { EdgeToMain, MainToEdge } from './actors/messages.ts';
import { Collector } from './actors/testing/collector.ts';
import type { EdgeThreadData } from './edge-thread.ts';
import { Client } from './edge/testing/real-edge.ts';
import { TEST_SETTINGS } from './edge/testing/rig.ts';
import { CLOSE } from './protocol/close-codes.ts';

class Thread {
  readonly worker: Worker;
  readonly messages = new Collector<EdgeToMain>();
  readonly exitCode: Promise<number>;

  constructor(edge: number, port: number) {
    const data: EdgeThreadData = {
      edge,
      host: '127.0.0.1',
      port,
      settings: TEST_SETTINGS,
      logLevel: 'silent',
    };
    this.worker = new Worker(new URL('./edge-thread.ts', import.meta.url), { workerData: data });
    this.worker.on('message', (message: EdgeToMain) => this.messages.add(message));
    this.exitCode = once(this.worker, 'exit').then(([code]) => Number(code));
  }

  async port(): Promise<number> {
    return this.messages.next((message) => (message.kind === 'listening' ? message.port : undefined));
  }

  post(message: MainToEdge): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.worker.postMessage(message);
  }

  async connections(): Promise<number> {
    this.messages.clear();
    this.post({ kind: 'stats' });
    return this.messages.next((message) =>
      message.kind === 'stats' ? message.stats.connections : undefined,
    );
  }
}

it('threads share one port, and end by themselves after stop, with viewers connected', async () => {
  const first = new Thread(0, 0);
  const port = await first.port();
  const second = new Thread(1, port);
  expect(await second.port()).toBe(port);
  const clients = Array.from({ length: 40 }, () => new Client(port));
  await Promise.all(clients.map((client) => client.ready()));
  const counts = [await first.connections(), await second.connections()];
  expect(counts.every((count) => count > 0)).toBe(true);
  expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(40);

  for (const thread of [first, second]) thread.post({ kind: 'stop', closeCode: CLOSE.RESTARTING });
  expect(await Promise.all([first.exitCode, second.exitCode])).toEqual([0, 0]);
  const codes = await Promise.all(clients.map((client) => client.closed));
  expect(new Set(codes)).toEqual(new Set([CLOSE.RESTARTING]));
});

it('a thread that cannot listen ends with an error', async () => {
  const thread = new Thread(0, 0);
  const port = await thread.port();
  thread.worker.unref();
  const failure = new Promise<Error>((resolve) => {
    const data: EdgeThreadData = {
      edge: 1,
      host: '192.0.2.1',
      port,
      settings: TEST_SETTINGS,
      logLevel: 'silent',
    };
    const other = new Worker(new URL('./edge-thread.ts', import.meta.url), { workerData: data });
    other.on('error', resolve);
  });
  expect((await failure).message).toContain('cannot listen on 192.0.2.1');
  thread.post({ kind: 'stop', closeCode: CLOSE.RESTARTING });
  expect(await thread.exitCode).toBe(0);
});

it('a thread that fails says why and sends its viewers elsewhere, and takes nobody with it', async () => {
  const thread = new Thread(0, 0);
  const client = new Client(await thread.port());
  await client.ready();
  const broken = { kind: 'place' } as MainToEdge; // a bug of its other end
  thread.post(broken);
  const message = await thread.messages.next((each) => (each.kind === 'failed' ? each.message : undefined));
  expect(message).toContain('undefined');
  expect(await client.closed).toBe(CLOSE.RESTARTING);
  expect(await thread.exitCode).toBe(1);
});
