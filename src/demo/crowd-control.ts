/** The main thread's end of the crowd: starts the thread, funds its accounts, hands it battles. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { EngineError } from '../core/errors.ts';
import type { AccountId, RoundId } from '../core/ids.ts';
import type { EngineControl } from '../ports/engine.ts';
import type { BattleReport, CrowdData, FromCrowd, ToCrowd } from './messages.ts';

/** What a simulated viewer should have before a battle: the hold of one stream and some more. */
const WANTED_SATS = 20_000;
const FUNDING_AT_ONCE = 50;

export class CrowdControl {
  readonly #thread: Worker;
  readonly #control: EngineControl;
  readonly #waiting: {
    accounts?: (accounts: readonly AccountId[]) => void;
    connected?: (count: number) => void;
    closed?: () => void;
  } = {};
  readonly #battles = new Map<
    RoundId,
    { done: (report: BattleReport) => void; failed: (error: Error) => void }
  >();
  #accounts: readonly AccountId[] = [];
  #fundings = 0;
  /** Why the thread is gone; null while it runs. */
  #gone: Error | null = null;

  private constructor(data: CrowdData, control: EngineControl) {
    this.#control = control;
    this.#thread = new Worker(new URL('./crowd-thread.ts', import.meta.url), {
      workerData: data,
      name: 'crowd',
    });
    this.#thread.on('message', (message: FromCrowd) => this.#receive(message));
    this.#thread.on('error', (error) => this.#fail(error));
    this.#thread.on('exit', () =>
      this.#fail(new EngineError('UNAVAILABLE', { message: 'the crowd has left' })),
    );
  }

  /** Resolves when every viewer has tried to connect. */
  static async start(data: CrowdData, control: EngineControl): Promise<CrowdControl> {
    const crowd = new CrowdControl(data, control);
    const failed = once(crowd.#thread, 'error').then(([error]) => {
      throw error;
    });
    const accounts = new Promise<readonly AccountId[]>((resolve) => {
      crowd.#waiting.accounts = resolve;
    });
    const connected = new Promise<number>((resolve) => {
      crowd.#waiting.connected = resolve;
    });
    crowd.#accounts = await Promise.race([accounts, failed]);
    await Promise.race([connected, failed]);
    return crowd;
  }

  /** Tops every account up to what a battle takes. */
  async fund(): Promise<void> {
    for (let at = 0; at < this.#accounts.length; at += FUNDING_AT_ONCE) {
      await Promise.all(
        this.#accounts.slice(at, at + FUNDING_AT_ONCE).map((account) => this.#topUp(account)),
      );
    }
  }

  /** Plays a battle; resolves with what the viewers saw of it. Rejects when the thread fails or has left. */
  play(battle: Omit<Extract<ToCrowd, { kind: 'battle' }>, 'kind'>): Promise<BattleReport> {
    return new Promise((done, failed) => {
      if (this.#gone !== null) return failed(this.#gone);
      this.#battles.set(battle.roundId, { done, failed });
      this.#send({ kind: 'battle', ...battle });
    });
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#waiting.closed = resolve;
    });
    this.#send({ kind: 'stop' });
    await Promise.race([closed, once(this.#thread, 'exit')]);
    await this.#thread.terminate();
  }

  async #topUp(account: AccountId): Promise<void> {
    const { availableSats } = await this.#control.balances(account);
    if (availableSats >= WANTED_SATS / 2) return;
    const key = `demo-${account}-${++this.#fundings}-${availableSats}`;
    const funded = await this.#control.fundDevAccount({ account, sats: WANTED_SATS, key });
    if (!funded.ok) throw new EngineError(funded.code);
  }

  #send(message: ToCrowd): void {
    this.#thread.postMessage(message, []);
  }

  #receive(message: FromCrowd): void {
    switch (message.kind) {
      case 'accounts':
        this.#waiting.accounts?.(message.accounts);
        break;
      case 'connected':
        this.#waiting.connected?.(message.connected);
        break;
      case 'over':
        this.#battles.get(message.report.roundId)?.done(message.report);
        this.#battles.delete(message.report.roundId);
        break;
      case 'closed':
        this.#waiting.closed?.();
        break;
      default:
        message satisfies never;
    }
  }

  #fail(error: Error): void {
    this.#gone ??= error;
    for (const { failed } of this.#battles.values()) failed(error);
    this.#battles.clear();
  }
}
