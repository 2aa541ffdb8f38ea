/**
 * What the API asks of the engine, over supervisor, store and settlement. Main thread; nothing here waits for
 * a viewer.
 */
import { EngineError, refuse } from './core/errors.ts';
import type { RoundId } from './core/ids.ts';
import type { Supervisor } from './actors/supervisor.ts';
import { depositEntry } from './ledger/entries.ts';
import type { LiveRounds } from './live-rounds.ts';
import { summaryOf } from './live-rounds.ts';
import type { HeaderSource } from './ports/chain.ts';
import type { Clock } from './ports/clock.ts';
import type { EngineControl, RoundSummary } from './ports/engine.ts';
import type { RoundRecord, Store } from './ports/store.ts';
import type { RoundKeeper } from './round-keeper.ts';
import type { RoundInput } from './round/inputs.ts';
import type { Phase } from './round/terms.ts';
import type { SettlementService } from './settlement/service.ts';

export interface EngineControlOptions {
  readonly store: Store;
  readonly supervisor: Supervisor;
  readonly keeper: RoundKeeper;
  readonly live: LiveRounds;
  readonly settlement: SettlementService;
  readonly headers: HeaderSource;
  readonly clock: Clock;
  readonly stopping: () => boolean;
}

/** How long a round's actor may take to answer a command: a step and a durable save. */
const COMMAND_TIMEOUT_MS = 5_000;

const BEFORE_LIVE: readonly Phase[] = ['scheduled', 'lobby'];
const CANCELLABLE: readonly Phase[] = ['scheduled', 'lobby', 'live', 'overtime'];

/** Of a round that is not in memory. */
function stored({ terms, createdAtMs, phase }: RoundRecord): RoundSummary {
  return { terms, createdAtMs, phase, endsAtMs: terms.end.kind === 'time' ? terms.end.atMs : null };
}

function whyNoResults(phase: Phase): 'ROUND_CANCELLED' | 'RESULTS_NOT_READY' {
  return phase === 'cancelled' ? 'ROUND_CANCELLED' : 'RESULTS_NOT_READY';
}

export function createEngineControl(options: EngineControlOptions): EngineControl {
  const { store, supervisor, keeper, live, settlement, headers, clock } = options;
  const startedAtMs = clock.monotonicMs();

  async function readRound(roundId: RoundId): Promise<RoundSummary | undefined> {
    const round = live.get(roundId);
    if (round !== undefined) return summaryOf(round);
    const record = await store.readRound(roundId);
    return record === undefined ? undefined : stored(record);
  }

  /** Sends an input to a running round and waits until its phase shows that it took effect. */
  async function command(
    roundId: RoundId,
    input: RoundInput,
    reached: (phase: Phase) => boolean,
  ): Promise<void> {
    const sent = supervisor.input(roundId, input);
    if (sent && (await live.waitFor(roundId, reached, COMMAND_TIMEOUT_MS))) return;
    throw new EngineError('UNAVAILABLE', { message: 'The round did not answer in time.', inDoubt: sent });
  }

  return {
    async createRound(terms) {
      if (options.stopping()) return refuse('UNAVAILABLE');
      const createdAtMs = clock.nowMs();
      const created = await store.createRound({ terms, createdAtMs });
      if (!created.ok) return created;
      const adopted = await keeper.adopt({ terms, createdAtMs, phase: 'scheduled', generation: 0 });
      const round = await readRound(terms.roundId);
      return adopted && round !== undefined ? { ok: true, round } : refuse('UNAVAILABLE');
    },

    readRound,

    async listRounds(page) {
      const records = await store.listRounds(page);
      return records.map((record) => {
        const round = live.get(record.terms.roundId);
        return round === undefined ? stored(record) : summaryOf(round);
      });
    },

    async startRound(roundId) {
      const round = live.get(roundId);
      if (round === undefined) {
        return refuse((await store.readRound(roundId)) === undefined ? 'ROUND_NOT_FOUND' : 'ALREADY_STARTED');
      }
      if (!BEFORE_LIVE.includes(round.phase)) return refuse('ALREADY_STARTED');
      await command(roundId, { kind: 'start' }, (phase) => !BEFORE_LIVE.includes(phase));
      return { ok: true, round: summaryOf(round) };
    },

    async cancelRound(roundId, reason) {
      const round = live.get(roundId);
      if (round === undefined) {
        return refuse((await store.readRound(roundId)) === undefined ? 'ROUND_NOT_FOUND' : 'NOT_CANCELLABLE');
      }
      if (!CANCELLABLE.includes(round.phase)) return refuse('NOT_CANCELLABLE');
      await command(roundId, { kind: 'cancel', reason }, (phase) => !CANCELLABLE.includes(phase));
      // It may have reached `closing` before the cancel did.
      return round.phase === 'cancelled' ? { ok: true, round: summaryOf(round) } : refuse('NOT_CANCELLABLE');
    },

    async results(roundId) {
      const round = await readRound(roundId);
      if (round === undefined) return refuse('ROUND_NOT_FOUND');
      const results = await settlement.results(roundId);
      if (results === undefined) return refuse(whyNoResults(round.phase));
      return { ok: true, results: { ...results, phase: round.phase } };
    },

    async receipt(roundId) {
      const bytes = await store.readReceipt(roundId);
      if (bytes !== undefined) return { ok: true, bytes };
      const round = await readRound(roundId);
      return refuse(round === undefined ? 'ROUND_NOT_FOUND' : whyNoResults(round.phase));
    },

    balances: (account) => store.readBalances(account),

    async fundDevAccount({ account, sats, key }) {
      const entry = depositEntry({ account, sats, key: `${account}:${key}`, atMs: clock.nowMs() });
      let posted = await store.post(entry);
      if (!posted.ok) {
        await settlement.ensureTreasury(); // the operator's funds behind such accounts have run out
        posted = await store.post(entry);
      }
      return posted.ok ? { ok: true, balances: await store.readBalances(account) } : refuse('UNAVAILABLE');
    },

    async health() {
      const [storeWorks, chainHeight, { shards, edges }] = await Promise.all([
        store.check(),
        headers.currentHeight(),
        supervisor.stats(),
      ]);
      const threadsWork = [...shards, ...edges].every(({ stats }) => stats !== null);
      return {
        status: storeWorks && threadsWork ? 'ok' : 'degraded',
        uptimeMs: Math.round(clock.monotonicMs() - startedAtMs),
        store: storeWorks,
        chainHeight,
        shards: shards.length,
        edges: edges.length,
        connections: edges.reduce((sum, { stats }) => sum + (stats?.connections ?? 0), 0),
        liveRounds: live.countLive(),
      };
    },
  };
}
