/**
 * The operator's side of the load: creates and cancels rounds and funds accounts over HTTP, and asks again with the same
 * key for as long as the engine is down. So every order is given once, whatever happens to its answer.
 */
import { Api, type ApiAnswer } from '../../src/client/api.ts';
import type { AccountId, RoundId } from '../../src/core/ids.ts';
import { poll } from './patience.ts';

/** No engine is down for longer. */
const ANSWER_WITHIN_MS = 120_000;
const ASK_EVERY_MS = 100;

export interface OfficeRound {
  readonly roundId: RoundId;
  /** Last heard of. */
  phase: string;
  cancelOrdered: boolean;
}

export class Office {
  readonly api: Api;
  readonly baseUrl: string;
  readonly rounds: OfficeRound[] = [];
  readonly fundedSats: Map<AccountId, number> = new Map();
  readonly participants: Set<AccountId> = new Set();
  #keys = 0;

  constructor(baseUrl: string, adminToken: string) {
    this.baseUrl = baseUrl;
    this.api = new Api({ baseUrl, adminToken });
  }

  async fund(account: AccountId, sats: number): Promise<void> {
    const key = this.#key();
    await this.insist(() => this.api.fundDevAccount({ account, sats }, key));
    this.fundedSats.set(account, (this.fundedSats.get(account) ?? 0) + sats);
  }

  /** `body`: of POST /v1/rounds. */
  async createRound(body: object): Promise<OfficeRound> {
    const key = this.#key();
    const { terms, phase } = await this.insist(() => this.api.createRound(body, key));
    for (const { account } of terms.participants) this.participants.add(account);
    const round: OfficeRound = { roundId: terms.roundId, phase, cancelOrdered: false };
    this.rounds.push(round);
    return round;
  }

  /** What came of it the phase tells: it may be too late. */
  async cancelRound(round: OfficeRound): Promise<void> {
    round.cancelOrdered = true;
    const key = this.#key();
    await this.insist(() => this.api.cancelRound(round.roundId, 'a drill', key), ['NOT_CANCELLABLE']).catch(
      () => null,
    );
  }

  async refresh(round: OfficeRound): Promise<OfficeRound> {
    const answer = await this.api.round(round.roundId);
    if (answer.ok) round.phase = answer.data.phase;
    return round;
  }

  /** Asks until the engine answers. Throws when it refuses, or is down for too long. */
  async insist<T>(ask: () => Promise<ApiAnswer<T>>, given: readonly string[] = []): Promise<T> {
    let last = 'no answer';
    const data = await poll(
      async () => {
        const answer = await ask();
        if (answer.ok) return { value: answer.data };
        last = `${answer.code}: ${answer.message} ${JSON.stringify(answer.details)}`;
        const passing = [
          'UNAVAILABLE',
          'DEPENDENCY_FAILED',
          'RATE_LIMITED',
          'STORE_FAILED',
          'CHAIN_FAILED',
          'INTERNAL',
        ];
        if (given.includes(answer.code) || !passing.includes(answer.code)) throw new Error(last);
        return undefined;
      },
      { timeoutMs: ANSWER_WITHIN_MS, everyMs: ASK_EVERY_MS },
    );
    if (data === undefined) throw new Error(`the engine did not do what it was asked: ${last}`);
    return data.value;
  }

  #key(): string {
    return `crash-${String(process.pid)}-${String(++this.#keys)}-${Math.trunc(performance.timeOrigin)}`;
  }
}
