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
  /** By name and id; all that ever were. */
  readonly #threads = new Map<string, Map<number, PausesByKind>>();
  #second: ToldPauses[] = [];
  #fromMs = Infinity;

  /** Reads until the engine has ended. */
  read(pipe: Readable): void {
    createInterface({ input: pipe }).on('line', (line) => this.take(line));
  }

  take(line: string): void {
    const told = JSON.parse(line) as ToldPauses;
    const named = this.#threads.get(told.thread) ?? new Map<number, PausesByKind>();
    this.#threads.set(told.thread, named);
    if (!named.has(told.threadId)) named.set(told.threadId, {});
    if (monotonicMs() >= this.#fromMs) this.#second.push(told);
  }

  /** What is told before is not counted: loading, funding. */
  begin(atMs: number): void {
    this.#fromMs = atMs;
  }

  /** A second of the load is over. Its longest pause; 0: there was none. */
  endSecond(): number {
    const told = this.#second;
    this.#second = [];
    for (const { thread, threadId, pauses } of told) {
      const named = this.#threads.get(thread);
      named?.set(threadId, joined(named.get(threadId) ?? {}, pauses));
    }
    return Math.max(0, ...told.map(({ pauses }) => totalOf(pauses).longestMs));
  }

  /** Of all seconds that are over, threads that had a pause, the longest first. */
  threads(): ThreadGc[] {
    return [...this.#threads]
      .flatMap(([name, named]) =>
        [...named]
          .toSorted(([a], [b]) => a - b)
          .map(([, kinds], at): ThreadGc => {
            const thread = at === 0 ? name : `${name} (${at + 1})`;
            return { thread, ...totalOf(kinds), kinds };
          }),
      )
      .filter(({ count }) => count > 0)
      .toSorted((a, b) => b.longestMs - a.longestMs);
  }
}
