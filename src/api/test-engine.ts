/** For the tests of this room: an engine that only keeps what it is told, and an API on it with a clock that is set by hand. */
import { refuse } from '../core/errors.ts';
import type { AccountId, RoundId, Txid } from '../core/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { EngineControl, EngineHealth, RoundSummary } from '../ports/engine.ts';
import type { Logger } from '../ports/logger.ts';
import type { Phase, RoundTerms } from '../round/terms.ts';
import { loadConfig } from '../config.ts';
import type { Config } from '../settings.ts';
import type { ApiApp } from './context.ts';
import type { Page } from './page.ts';
import { createApi } from './server.ts';

export const ADMIN_TOKEN = 'test-token-of-the-operator';
export const PLATFORM: AccountId = 'ff'.repeat(20) as AccountId;

/** Time that stands still until it is moved. */
export class HandClock implements Clock {
  ms = 1_800_000_000_000;
  nowMs(): number {
    return this.ms;
  }
  monotonicMs(): number {
    return this.ms;
  }
  after(): never {
    throw new Error('the API sets no timers');
  }
  every(): never {
    throw new Error('the API sets no timers');
  }
}

const listKey = (createdAtMs: number, roundId: string): string =>
  `${String(createdAtMs).padStart(16, '0')} ${roundId}`;

export class TestEngine implements EngineControl {
  readonly clock: HandClock;
  readonly rounds: Map<RoundId, RoundSummary> = new Map();
  readonly funded: Map<string, { account: AccountId; sats: number }> = new Map();
  readonly receiptBytes: Uint8Array = new Uint8Array([0, 1, 2, 0xff, 0x0a]);
  /** Thrown by `health` when set. */
  fault: unknown = undefined;
  storeWorks = true;

  constructor(clock: HandClock) {
    this.clock = clock;
  }

  setPhase(roundId: string, phase: Phase): void {
    const round = this.rounds.get(roundId as RoundId);
    if (round !== undefined) this.rounds.set(roundId as RoundId, { ...round, phase });
  }

  async createRound(terms: RoundTerms): ReturnType<EngineControl['createRound']> {
    if (this.rounds.has(terms.roundId)) return refuse('ROUND_EXISTS');
    const endsAtMs = terms.end.kind === 'time' ? terms.end.atMs : null;
    const round: RoundSummary = { terms, createdAtMs: this.clock.nowMs(), phase: 'scheduled', endsAtMs };
    this.rounds.set(terms.roundId, round);
    return { ok: true, round };
  }

  async readRound(roundId: RoundId): Promise<RoundSummary | undefined> {
    return this.rounds.get(roundId);
  }

  async listRounds({
    limit,
    before,
  }: Parameters<EngineControl['listRounds']>[0]): Promise<readonly RoundSummary[]> {
    return [...this.rounds.values()]
      .map((round) => ({ round, at: listKey(round.createdAtMs, round.terms.roundId) }))
      .toSorted((a, b) => (a.at < b.at ? 1 : -1))
      .filter(({ at }) => before === undefined || at < listKey(before.createdAtMs, before.roundId))
      .slice(0, limit)
      .map(({ round }) => round);
  }

  async startRound(roundId: RoundId): ReturnType<EngineControl['startRound']> {
    const round = this.rounds.get(roundId);
    if (round === undefined) return refuse('ROUND_NOT_FOUND');
    if (round.phase !== 'scheduled' && round.phase !== 'lobby') return refuse('ALREADY_STARTED');
    this.setPhase(roundId, 'live');
    return { ok: true, round: { ...round, phase: 'live' } };
  }

  async cancelRound(roundId: RoundId): ReturnType<EngineControl['cancelRound']> {
    const round = this.rounds.get(roundId);
    if (round === undefined) return refuse('ROUND_NOT_FOUND');
    if (!['scheduled', 'lobby', 'live', 'overtime'].includes(round.phase)) return refuse('NOT_CANCELLABLE');
    this.setPhase(roundId, 'cancelled');
    return { ok: true, round: { ...round, phase: 'cancelled' } };
  }

  async results(roundId: RoundId): ReturnType<EngineControl['results']> {
    const round = this.rounds.get(roundId);
    if (round === undefined) return refuse('ROUND_NOT_FOUND');
    if (round.phase === 'cancelled') return refuse('ROUND_CANCELLED');
    if (round.phase !== 'settled') return refuse('RESULTS_NOT_READY');
    const txid = 'ab'.repeat(32) as Txid;
    return {
      ok: true,
      results: {
        roundId,
        phase: round.phase,
        result: {
          ranking: [1, 0],
          paidSats: 100,
          directSats: 40,
          poolSats: 60,
          platformSats: 3,
          participantSats: [20, 77],
          txids: [txid],
          status: 'mined',
        },
        minerFeeSats: 30,
        carriedSats: 0,
        refundedSats: 0,
        transactions: [{ txid, status: 'mined', blockHeight: 7, feeSats: 30 }],
      },
    };
  }

  async receipt(roundId: RoundId): ReturnType<EngineControl['receipt']> {
    const round = this.rounds.get(roundId);
    if (round === undefined) return refuse('ROUND_NOT_FOUND');
    if (round.phase === 'cancelled') return refuse('ROUND_CANCELLED');
    return round.phase === 'settled' ? { ok: true, bytes: this.receiptBytes } : refuse('RESULTS_NOT_READY');
  }

  async balances(account: AccountId): ReturnType<EngineControl['balances']> {
    let availableSats = 0;
    for (const one of this.funded.values()) if (one.account === account) availableSats += one.sats;
    return { availableSats, heldSats: 0, earnedSats: 0 };
  }

  async fundDevAccount({
    account,
    sats,
    key,
  }: Parameters<EngineControl['fundDevAccount']>[0]): ReturnType<EngineControl['fundDevAccount']> {
    if (!this.funded.has(key)) this.funded.set(key, { account, sats });
    return { ok: true, balances: await this.balances(account) };
  }

  async health(): Promise<EngineHealth> {
    if (this.fault !== undefined) throw this.fault;
    return {
      status: this.storeWorks ? 'ok' : 'degraded',
      uptimeMs: 1_234.5,
      store: this.storeWorks,
      chainHeight: 7,
      shards: 1,
      edges: 1,
      connections: 3,
      liveRounds: 1,
    };
  }
}

const quiet = (): void => undefined;

export interface TestApi {
  readonly app: ApiApp;
  readonly engine: TestEngine;
  readonly clock: HandClock;
  /** Messages of what was logged as an error. */
  readonly errors: string[];
}

export async function createTestApi(
  overrides: Partial<Config> = {},
  page: Page | null = null,
): Promise<TestApi> {
  const clock = new HandClock();
  const engine = new TestEngine(clock);
  const errors: string[] = [];
  const logger: Logger = { debug: quiet, info: quiet, warn: quiet, error: (message) => errors.push(message) };
  const config = loadConfig({}, [], {
    apiReadsPerMinute: 100_000,
    apiWritesPerMinute: 100_000,
    ...overrides,
  });
  const app = await createApi({
    engine,
    config,
    clock,
    logger,
    adminToken: ADMIN_TOKEN,
    platformAccount: PLATFORM,
    edgePort: 9_001,
    page,
  });
  return { app, engine, clock, errors };
}

let keys = 0;

/** Headers of the operator, with a key of their own unless one is given. */
export function adminHeaders(key = `test-key-${++keys}`): Record<string, string> {
  return { authorization: `Bearer ${ADMIN_TOKEN}`, 'idempotency-key': key };
}

export function roundBody(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    participants: [
      { name: 'Ada Lovelace', account: '11'.repeat(20) },
      { name: 'Bob', account: '22'.repeat(20) },
    ],
    ...more,
  };
}
