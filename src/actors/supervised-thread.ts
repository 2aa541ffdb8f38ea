/**
 * One worker thread that is meant to run until it is told to stop. Owned by main. A thread that ends by
 * itself is started again: at once the first time, then after a delay that doubles up to a bound while it
 * keeps dying young, so that a thread that cannot live does not take the machine with it.
 */
import type { Transferable } from 'node:worker_threads';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { RunningThread, ThreadRunner } from './thread-runner.ts';

export interface RestartPolicy {
  /** Delay before the second restart in a row; the first is immediate. */
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  /** A thread that lived this long starts over with an immediate restart. */
  readonly provenMs: number;
}

export const RESTART_POLICY: RestartPolicy = { delayMsMin: 100, delayMsMax: 5_000, provenMs: 10_000 };

export interface ThreadEvents<In> {
  /** A new thread was made; what is posted from here on is its first mail. */
  onUp(): void;
  onMessage(message: In): void;
  /** The thread ended without being told to; a new one follows. */
  onDown(): void;
}

export class SupervisedThread<Out, In> {
  readonly name: string;
  readonly #entry: URL;
  readonly #data: () => unknown;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #policy: RestartPolicy;
  readonly #runner: ThreadRunner;
  #running: RunningThread<Out> | undefined;
  #ended: Promise<void> = Promise.resolve();
  #upSinceMs = 0;
  #diedYoung = 0;
  #restarts = 0;
  #restartTimer: Timer | undefined;
  #stopping = false;

  constructor(options: {
    readonly name: string;
    readonly entry: URL;
    /** workerData of each new thread. */
    readonly data: () => unknown;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly policy: RestartPolicy;
    readonly runner: ThreadRunner;
  }) {
    this.name = options.name;
    this.#entry = options.entry;
    this.#data = options.data;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#policy = options.policy;
    this.#runner = options.runner;
  }

  get up(): boolean {
    return this.#running !== undefined;
  }

  get restarts(): number {
    return this.#restarts;
  }

  start(events: ThreadEvents<In>): void {
    this.#spawn(events);
  }

  /** False when the thread is down: the message went nowhere. */
  post(message: Out, transfer: readonly Transferable[] = []): boolean {
    this.#running?.post(message, transfer);
    return this.up;
  }

  /**
   * Sends `message` and waits until the thread has ended by itself. False when it had not after `timeoutMs`;
   * what then happens to it is the caller's to say (`terminate`).
   */
  async stop(message: Out, timeoutMs: number): Promise<boolean> {
    this.#stopping = true;
    this.#restartTimer?.cancel();
    if (!this.post(message)) return true;
    let timer: Timer | undefined;
    const late = new Promise<false>((resolve) => {
      timer = this.#clock.after(timeoutMs, () => resolve(false));
    });
    const inTime = await Promise.race([this.#ended.then(() => true), late]);
    timer?.cancel();
    if (!inTime) this.#logger.error('thread did not stop in time', { thread: this.name, timeoutMs });
    return inTime;
  }

  /** Ends the thread wherever it is. Never for a thread with an open uWebSockets.js loop: that aborts the process. */
  async terminate(): Promise<void> {
    this.#stopping = true;
    this.#restartTimer?.cancel();
    await this.#running?.terminate();
  }

  #spawn(events: ThreadEvents<In>): void {
    this.#upSinceMs = this.#clock.monotonicMs();
    this.#ended = new Promise((resolve) => {
      this.#running = this.#runner.start<Out, In>({
        name: this.name,
        entry: this.#entry,
        data: this.#data(),
        onMessage: (message) => events.onMessage(message),
        onError: (error) => this.#logger.error('thread failed', { thread: this.name, error }),
        onExit: (exitCode) => {
          this.#running = undefined;
          resolve();
          if (!this.#stopping) this.#diedByItself(events, exitCode);
        },
      });
    });
    events.onUp();
  }

  #diedByItself(events: ThreadEvents<In>, exitCode: number): void {
    const livedMs = this.#clock.monotonicMs() - this.#upSinceMs;
    this.#diedYoung = livedMs < this.#policy.provenMs ? this.#diedYoung + 1 : 0;
    const { delayMsMin, delayMsMax } = this.#policy;
    const delayMs = this.#diedYoung <= 1 ? 0 : Math.min(delayMsMax, delayMsMin * 2 ** (this.#diedYoung - 2));
    this.#logger.warn('thread ended, restarting', { thread: this.name, exitCode, livedMs, delayMs });
    events.onDown();
    if (delayMs === 0) this.#restart(events);
    else this.#restartTimer = this.#clock.after(delayMs, () => this.#restart(events));
  }

  #restart(events: ThreadEvents<In>): void {
    if (this.#stopping) return;
    this.#restarts++;
    this.#spawn(events);
  }
}
