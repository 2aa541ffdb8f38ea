/**
 * A TCP proxy in front of a server that can swallow the server's answers: what was asked is done, and whoever
 * asked does not know.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export type ThiefOrder = 'steal' | 'stop' | 'vanish' | 'comeBack' | 'end';
export type ThiefReport =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'done'; readonly stolenBytes: number };

export class AnswerThief {
  readonly #worker: Worker;
  /** Where the proxy is. */
  readonly hosts: string;
  stolenBytes = 0;

  private constructor(worker: Worker, port: number) {
    this.#worker = worker;
    this.hosts = `127.0.0.1:${port}`;
  }

  /** `hosts`: `host:port`, the first of them. */
  static async before(hosts: string): Promise<AnswerThief> {
    const [host, port] = (hosts.split(',')[0] ?? '').split(':');
    const worker = new Worker(new URL('./answer-thief-thread.ts', import.meta.url), {
      workerData: { host, port: Number(port) },
    });
    const [report] = (await once(worker, 'message')) as [ThiefReport];
    if (report.kind !== 'listening') throw new Error('the proxy is not listening');
    return new AnswerThief(worker, report.port);
  }

  async stealFor(ms: number): Promise<void> {
    await this.#order('steal');
    await new Promise<void>((resolve) => void setTimeout(resolve, ms));
    await this.#order('stop');
  }

  async vanish(): Promise<void> {
    await this.#order('vanish');
  }

  async comeBack(): Promise<void> {
    await this.#order('comeBack');
  }

  async close(): Promise<void> {
    const exited = once(this.#worker, 'exit');
    this.#worker.postMessage('end' satisfies ThiefOrder, []);
    await exited;
  }

  async #order(order: ThiefOrder): Promise<void> {
    const answered = once(this.#worker, 'message') as Promise<[ThiefReport]>;
    this.#worker.postMessage(order, []);
    const [report] = await answered;
    if (report.kind === 'done') ({ stolenBytes: this.stolenBytes } = report);
  }
}
