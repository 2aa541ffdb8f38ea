/** A bare uWebSockets.js server with sockets from this process, from the side of the bench that started it. */
import { RawWebSocket } from '../../loadtest/wire/raw-web-socket.ts';
import { WS_PATH } from '../../src/core/limits.ts';
import { type Child, startChild } from '../lib/child.ts';
import type { BareCalls } from './bare-process.ts';

/** Connecting at a time: fewer than the backlog of a listening socket. */
const WAVE = 250;

export class Bare {
  readonly calls: Child<BareCalls>;
  readonly port: number;
  /** Kernel's id of the thread that owns the sockets. */
  readonly threadId: number;

  static async start(): Promise<Bare> {
    const calls = await startChild<BareCalls>(new URL('./bare-process.ts', import.meta.url));
    const { port, threadId } = await calls.call('start');
    return new Bare(calls, port, threadId);
  }

  private constructor(calls: Child<BareCalls>, port: number, threadId: number) {
    this.calls = calls;
    this.port = port;
    this.threadId = threadId;
  }

  get pid(): number {
    return this.calls.pid;
  }

  async connect(count: number): Promise<readonly RawWebSocket[]> {
    const sockets: RawWebSocket[] = [];
    while (sockets.length < count) {
      const wave = Math.min(WAVE, count - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: wave }, () => this.#connectOne()))));
    }
    return sockets;
  }

  /** Its uWebSockets.js thread cannot end by itself. */
  async stop(): Promise<void> {
    await this.calls.kill();
  }

  #connectOne(): Promise<RawWebSocket> {
    return new Promise((resolve, reject) => {
      const socket = new RawWebSocket(
        { host: '127.0.0.1', port: this.port, path: WS_PATH },
        {
          opened: () => resolve(socket),
          received: () => undefined,
          closed: (code, reason) => reject(new Error(`the bare server closed: ${code} ${reason}`)),
        },
      );
    });
  }
}
