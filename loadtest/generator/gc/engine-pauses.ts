/** The load test's end of `in-each-thread.ts`: what the engine's threads told, second by second and in all. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ThreadGc } from '../../run-result.ts';
import { monotonicMs } from '../monotonic.ts';
import { type PausesByKind, type ToldPauses, joined, totalOf } from './pauses.ts';

/** For Node, in front of the engine's file; its open file PAUSES_FD has to be a pipe. */
export const TELL_PAUSES_FLAGS: readonly string[] = [
  '--import',
  fileURLToPath(new URL('./in-each-thread.ts', import.meta.url)),
];

export class EnginePauses {
  readonly #threads = new Map<string, PausesByKind>();
  #second: ToldPauses[] = [];
  #fromMs = Infinity;

  /** Reads until the engine has ended. */
  read(pipe: Readable): void {
    createInterface({ input: pipe }).on('line', (line) => this.take(line));
  }

  take(line: string): void {
    if (monotonicMs() >= this.#fromMs) this.#second.push(JSON.parse(line) as ToldPauses);
  }

  /** What is told before is not counted: loading, funding. */
  begin(atMs: number): void {
    this.#fromMs = atMs;
  }

  /** A second of the load is over. Its longest pause; 0: there was none. */
  endSecond(): number {
    const told = this.#second;
    this.#second = [];
    for (const { thread, pauses } of told) {
      this.#threads.set(thread, joined(this.#threads.get(thread) ?? {}, pauses));
    }
    return Math.max(0, ...told.map(({ pauses }) => totalOf(pauses).longestMs));
  }

  /** Of all seconds that are over, the thread with the longest pause first. */
  threads(): ThreadGc[] {
    return [...this.#threads]
      .map(([thread, kinds]): ThreadGc => ({ thread, ...totalOf(kinds), kinds }))
      .toSorted((a, b) => b.longestMs - a.longestMs);
  }
}
