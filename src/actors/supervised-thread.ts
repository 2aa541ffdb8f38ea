/**
 * One worker thread that is meant to run until it is told to stop. Owned by main. A thread that ends by
 * itself is started again: at once the first time, then after a delay that doubles up to a bound while it
 * keeps dying young, so that a thread that cannot live does not take the machine with it.
 *
 * With a spare, the next thread is there already: started, idle, and without mail until it takes over. Loading the
 * modules of a shard takes 100 ms and more, which its viewers would wait for. It costs the memory of an idle thread.
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

/** One thread from its start to its end. A spare has nobody who listens. */
interface Life<Out, In> {
  thread: RunningThread<Out> | null;
  readonly ended: Promise<void>;
  onMessage: (message: In) => void;
  onExit: (exitCode: number) => void;
}

export class SupervisedThread<Out, In> {
  readonly name: string;
  readonly #entry: URL;
  readonly #data: (isSpare: boolean) => unknown;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #policy: RestartPolicy;
  readonly #runner: ThreadRunner;
  readonly #spareAfterMs: number | null;
  #running: RunningThread<Out> | undefined;
  #spare: Life<Out, In> | undefined;
  #spareTimer: Timer | undefined;
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
    readonly data: (isSpare: boolean) => unknown;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly policy: RestartPolicy;
    readonly runner: ThreadRunner;
    /** Start a spare so long after a thread took over, when it is not in the way; null: none. */
    readonly spareAfterMs?: number | null;
  }) {
    this.name = options.name;
    this.#entry = options.entry;
    this.#data = options.data;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#policy = options.policy;
    this.#runner = options.runner;
    this.#spareAfterMs = options.spareAfterMs ?? null;
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
    await this.#endSpare();
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
    await this.#endSpare();
    await this.#running?.terminate();
  }

  #spawn(events: ThreadEvents<In>): void {
    this.#upSinceMs = this.#clock.monotonicMs();
    const life = this.#spare ?? this.#begin(false);
    this.#spare = undefined;
    life.onMessage = (message) => events.onMessage(message);
    life.onExit = (exitCode) => {
      this.#running = undefined;
      if (!this.#stopping) this.#diedByItself(events, exitCode);
    };
    this.#running = life.thread ?? undefined;
    this.#ended = life.ended;
    this.#spareLater();
    events.onUp();
  }

  #begin(isSpare: boolean): Life<Out, In> {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const life: Life<Out, In> = { thread: null, ended, onMessage: () => undefined, onExit: () => undefined };
    life.thread = this.#runner.start<Out, In>({
      name: this.name,
      entry: this.#entry,
      data: this.#data(isSpare),
      onMessage: (message) => life.onMessage(message),
      onError: (error) => this.#logger.error('thread failed', { thread: this.name, error }),
      onExit: (exitCode) => {
        if (this.#spare === life) this.#spare = undefined;
        resolve();
        life.onExit(exitCode);
      },
    });
    return life;
  }

  #spareLater(): void {
    this.#spareTimer?.cancel();
    if (this.#spareAfterMs === null) return;
    this.#spareTimer = this.#clock.after(this.#spareAfterMs, () => {
      if (!this.#stopping) this.#spare ??= this.#begin(true);
    });
  }

  async #endSpare(): Promise<void> {
    this.#spareTimer?.cancel();
    const spare = this.#spare;
    this.#spare = undefined;
    await spare?.thread?.terminate();
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
