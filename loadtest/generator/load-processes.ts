/** The parent's end of the load processes: starts them, hands out the viewers, collects what they tell. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CliError } from '../../src/cli/terminal.ts';
import type { LoadOptions } from '../options.ts';
import type { FromLoadProcess, ProcessResult, ProcessSample, ToLoadProcess } from './messages.ts';

const ENTRY = fileURLToPath(new URL('./load-process.ts', import.meta.url));

export class LoadProcesses {
  readonly #children: readonly ChildProcess[];
  readonly #options: LoadOptions;
  readonly #failed = Promise.withResolvers<never>();
  readonly #waiting = new Map<string, (message: FromLoadProcess) => void>();
  #finished = false;

  constructor(options: LoadOptions, count: number, sample: (process: number, sample: ProcessSample) => void) {
    this.#options = options;
    this.#failed.promise.catch(() => undefined); // whoever waits for an answer hears of it
    this.#children = Array.from({ length: count }, (_, index) => {
      const child = fork(ENTRY, {
        execArgv: [...options.generatorNodeFlags],
        serialization: 'advanced',
        detached: index > 0, // a session of its own, by which the system shares its cores
      });
      child.on('message', (message) => {
        const told = message as FromLoadProcess;
        if (told.kind === 'sample') sample(index, told);
        else if (told.kind === 'failed') this.#failed.reject(failureOf(told));
        else this.#waiting.get(`${told.kind} ${index}`)?.(told);
      });
      child.on('exit', (code, signal) => {
        if (!this.#finished) this.#failed.reject(new Error(`a load process ended by ${signal ?? code}`));
      });
      return child;
    });
  }

  get count(): number {
    return this.#children.length;
  }

  /** Rejects when one of them fails, at any time. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  async prepare({
    apiUrl,
    adminToken,
  }: {
    readonly apiUrl: string;
    readonly adminToken: string;
  }): Promise<void> {
    await this.#ask('prepared', (process) => ({
      kind: 'prepare',
      options: this.#options,
      process,
      processes: this.count,
      apiUrl,
      adminToken,
    }));
  }

  go(order: Extract<ToLoadProcess, { kind: 'go' }>): void {
    for (const child of this.#children) child.send(order);
  }

  stop(endsAtMs: number): void {
    for (const child of this.#children) child.send({ kind: 'stop', endsAtMs } satisfies ToLoadProcess);
  }

  async finish(): Promise<readonly ProcessResult[]> {
    this.#finished = true;
    const results = await this.#ask('result', () => ({ kind: 'finish' }));
    return results.flatMap((message) => (message.kind === 'result' ? [message] : []));
  }

  /** Whatever state they are in. */
  kill(): void {
    this.#finished = true;
    for (const child of this.#children) child.kill('SIGKILL');
  }

  async #ask(
    answer: 'prepared' | 'result',
    order: (index: number) => ToLoadProcess,
  ): Promise<readonly FromLoadProcess[]> {
    const answers = this.#children.map((child, index) => {
      const { promise, resolve } = Promise.withResolvers<FromLoadProcess>();
      this.#waiting.set(`${answer} ${index}`, resolve);
      child.send(order(index));
      return promise;
    });
    return Promise.race([Promise.all(answers), this.failed]);
  }
}

function failureOf({ expected, message }: Extract<FromLoadProcess, { kind: 'failed' }>): Error {
  return expected ? new CliError(message) : new Error(`a load process failed: ${message}`);
}
