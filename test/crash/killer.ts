/** Carries out the kills: waits for the moment, strikes, starts the engine again, and measures until payments flow. */
import { type Aim, drawAim, killsOf } from './kill-plan.ts';
import { EngineProcess, type EngineProcessOptions } from './engine-process.ts';
import type { Prng } from '../../src/core/prng.ts';
import { pause } from './patience.ts';
import type { PaymentWatch, PhaseWatch } from './signals.ts';
import { postMortem, watchStore } from './store-watch.ts';

/** An aim whose moment does not come strikes then. */
const MOMENT_WITHIN_MS = 12_000;
const RESUME_WITHIN_MS = 90_000;
const FIRST_GUESS_START_MS = 2_500;

export interface KillerOptions {
  readonly engine: EngineProcessOptions;
  readonly random: Prng;
  readonly payments: PaymentWatch;
  readonly phases: PhaseWatch;
  readonly say: (line: string) => void;
}

export class Killer {
  kills = 0;
  readonly byAim: Record<string, number> = {};
  /** What was under way when a process died, by how often. */
  readonly struck: Record<string, number> = {};
  /** From the last SIGKILL until a word sent after it was acknowledged. */
  readonly resumeMs: number[] = [];
  readonly threadResumeMs: number[] = [];
  readonly startMs: number[] = [];
  readonly problems: string[] = [];
  /** Error lines of all engines, by what they say. */
  readonly errorLines: Record<string, number> = {};
  readonly #options: KillerOptions;
  #engine: EngineProcess;

  constructor(options: KillerOptions) {
    this.#options = options;
    this.#engine = new EngineProcess(options.engine);
  }

  get engine(): EngineProcess {
    return this.#engine;
  }

  async start(): Promise<void> {
    if (!(await this.#engine.ready)) throw new Error(`the engine did not start:\n${this.#engine.output}`);
    this.#noteStart();
  }

  /** Until so many kills are done, each after payments flow again. */
  async run(kills: number): Promise<void> {
    await this.#untilPaying(performance.now(), null);
    while (this.kills < kills) {
      const startMs = this.startMs.at(-1) ?? FIRST_GUESS_START_MS;
      const aim = drawAim(this.#options.random, startMs);
      if (this.kills + killsOf(aim) > kills) continue; // draws another
      await this.#untilAlive();
      await this.#strike(aim);
    }
  }

  /** As an operator stops it. */
  async stop(timeoutMs: number): Promise<void> {
    const engine = this.#engine;
    engine.signal('SIGTERM');
    const exit = await Promise.race([engine.exited, pause(timeoutMs).then(() => null)]);
    if (exit === null) this.problems.push(`the engine did not stop within ${timeoutMs} ms of SIGTERM`);
    else if (exit.code !== 0)
      this.problems.push(`after SIGTERM the engine ended with ${JSON.stringify(exit)}`);
    await this.end();
  }

  /** Whatever happens, no engine stays behind. */
  async end(): Promise<void> {
    if (this.#engine.running) await this.#engine.kill();
    this.#readErrors();
  }

  async #strike(aim: Aim): Promise<void> {
    const name = nameOf(aim);
    this.byAim[name] = (this.byAim[name] ?? 0) + killsOf(aim);
    if (aim.kind === 'thread') {
      await pause(aim.afterMs);
      return this.#strikeThread(aim);
    }
    const watch = aim.kind === 'commit' ? watchStore(this.#options.engine.dataDir) : null;
    if (aim.kind === 'phase') await this.#options.phases.next(aim.phase, MOMENT_WITHIN_MS);
    if (aim.kind === 'commit' && watch !== null) await untilMore(watch[aim.of]);
    if (aim.afterMs > 0) await pause(aim.afterMs);
    let killedAtMs = await this.#kill();
    await watch?.close();
    await this.#examine();
    if (aim.kind === 'recovery') {
      for (const afterMs of aim.againAfterMs) {
        this.#engine = new EngineProcess(this.#options.engine);
        await pause(afterMs);
        if (this.#engine.startMs === null) this.#count('recovering');
        killedAtMs = await this.#kill();
      }
    }
    this.#engine = new EngineProcess(this.#options.engine);
    this.#options.say(`kill ${this.kills}: ${name}`);
    if (!(await this.#engine.ready)) {
      this.problems.push(`the engine did not start again:\n${this.#engine.output.slice(-2_000)}`);
      throw new Error(this.problems.at(-1));
    }
    this.#noteStart();
    await this.#untilPaying(killedAtMs, this.resumeMs);
  }

  async #strikeThread({ order }: Extract<Aim, { kind: 'thread' }>): Promise<void> {
    this.kills++;
    const orderedAtMs = performance.now();
    this.#engine.order(order);
    this.#options.say(`kill ${this.kills}: ${order.drill} ${order.thread}`);
    await this.#untilPaying(orderedAtMs, order.thread === 'builder' ? null : this.threadResumeMs);
  }

  async #kill(): Promise<number> {
    await this.#untilAlive();
    this.kills++;
    const atMs = performance.now();
    await this.#engine.kill();
    this.#readErrors();
    return atMs;
  }

  /** An engine that ended on its own is a problem, and is started again like after a kill. */
  async #untilAlive(): Promise<void> {
    if (this.#engine.running) return;
    const exit = await this.#engine.exited;
    this.problems.push(
      `the engine ended by itself: ${JSON.stringify(exit)}\n${this.#engine.output.slice(-3_000)}`,
    );
    this.#readErrors();
    this.#engine = new EngineProcess(this.#options.engine);
    await this.start();
  }

  async #examine(): Promise<void> {
    const struck = await postMortem(this.#options.engine.dataDir);
    for (const moment of struck.length === 0 ? ['idle'] : struck) this.#count(moment);
  }

  #count(moment: string): void {
    this.struck[moment] = (this.struck[moment] ?? 0) + 1;
  }

  async #untilPaying(sinceMs: number, measure: number[] | null): Promise<void> {
    const atMs = await this.#options.payments.first(sinceMs, RESUME_WITHIN_MS);
    if (atMs === null) this.problems.push(`no payment was acknowledged within ${RESUME_WITHIN_MS} ms`);
    else measure?.push(atMs - sinceMs);
  }

  #noteStart(): void {
    const { startMs } = this.#engine;
    if (startMs !== null) this.startMs.push(startMs);
  }

  #readErrors(): void {
    for (const line of this.#engine.output.split('\n')) {
      if (line.startsWith('{') && !line.includes('"level":"error"')) continue;
      const message = line.startsWith('{')
        ? (/"message":"([^"]*)"/.exec(line)?.[1] ?? line)
        : /^(.*Error|FATAL|ringside):/.test(line)
          ? line
          : null;
      if (message !== null) this.errorLines[message] = (this.errorLines[message] ?? 0) + 1;
    }
  }
}

function nameOf(aim: Aim): string {
  switch (aim.kind) {
    case 'phase':
      return aim.phase;
    case 'commit':
      return `commit of ${aim.of}`;
    case 'thread':
      return `${aim.order.drill} ${aim.order.thread}`;
    case 'random':
    case 'recovery':
    default:
      return aim.kind;
  }
}

async function untilMore(count: () => number): Promise<void> {
  const before = count();
  const deadlineMs = performance.now() + MOMENT_WITHIN_MS;
  while (count() <= before && performance.now() < deadlineMs) await pause(1);
}
