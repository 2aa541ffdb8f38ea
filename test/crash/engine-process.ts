/**
 * The engine as a process of its own: `src/main.ts` as it is delivered, on fixed ports and one data directory, with
 * the drill preloaded. It can be killed at any moment and started again at the same place.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { DrillOrder } from './drill.ts';
import { poll } from './patience.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const DRILL = new URL('./drill.ts', import.meta.url).href;
const READY = 'Ctrl-C stops it';
/** What is kept of its output, to show when something is wrong. */
const KEPT_CHARS = 200_000;
const SAYS_WITHIN_MS = 30_000;

export interface EngineProcessOptions {
  readonly dataDir: string;
  readonly apiPort: number;
  readonly edgePort: number;
  /** Further flags of `npm start`. */
  readonly flags?: readonly string[];
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
}

export interface EngineExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class EngineProcess {
  readonly spawnedAtMs: number = performance.now();
  /** True once it takes calls; false when it ended before. */
  readonly ready: Promise<boolean>;
  readonly exited: Promise<EngineExit>;
  readonly #child: ChildProcess;
  #output = '';
  #readyAtMs: number | null = null;

  constructor(options: EngineProcessOptions) {
    const { dataDir, apiPort, edgePort, flags = [], nodeFlags = [] } = options;
    const args = [
      '--no-demo',
      '--api-port',
      apiPort,
      '--edge-port',
      edgePort,
      '--data-dir',
      dataDir,
      ...flags,
    ];
    this.#child = spawn(process.execPath, [...nodeFlags, '--import', DRILL, MAIN, ...args.map(String)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { PATH: process.env['PATH'] },
    });
    const ready = Promise.withResolvers<boolean>();
    this.ready = ready.promise;
    const take = (chunk: unknown): void => {
      this.#output = (this.#output + String(chunk)).slice(-KEPT_CHARS);
      if (this.#readyAtMs !== null || !this.#output.includes(READY)) return;
      this.#readyAtMs = performance.now();
      ready.resolve(true);
    };
    this.#child.stdout?.on('data', take);
    this.#child.stderr?.on('data', take);
    this.exited = once(this.#child, 'exit').then(([code, signal]) => {
      ready.resolve(false);
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** From spawn to taking calls; null before. */
  get startMs(): number | null {
    return this.#readyAtMs === null ? null : this.#readyAtMs - this.spawnedAtMs;
  }

  /** Has one of its threads die. */
  order(order: DrillOrder): void {
    if (this.#child.connected) this.#child.send(order);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when it has said that. Throws when it did not in time. */
  async says(text: string): Promise<void> {
    const said = await poll(() => this.#output.includes(text) || undefined, { timeoutMs: SAYS_WITHIN_MS });
    if (said === undefined) throw new Error(`it did not say "${text}":\n${this.#output.slice(-2_000)}`);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}
