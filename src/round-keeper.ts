/**
 * Takes rounds from their record to their end: owned by a shard, settled or refunded, marked finished in the
 * store, and let go of a while later, so that viewers see the result arrive. Main thread.
 */
import type { Supervisor } from './actors/supervisor.ts';
import type { SupervisorEvents } from './actors/supervisor-options.ts';
import type { RoundId } from './core/ids.ts';
import type { LiveRounds } from './live-rounds.ts';
import type { Clock, Timer } from './ports/clock.ts';
import type { Logger } from './ports/logger.ts';
import type { RoundRecord, Store } from './ports/store.ts';
import type { SettlementProgress } from './round/settlement-progress.ts';
import type { SettlementService } from './settlement/service.ts';

/** How long a finished round stays in memory, and answers viewers who come back: docs/PROTOCOL.md says it. */
export const LINGER_MS = 120_000;
/** A store that cannot mark a round finished is asked again. */
const RETRY_MS = 2_000;

export interface RoundKeeperOptions {
  readonly store: Store;
  readonly settlement: SettlementService;
  readonly live: LiveRounds;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class RoundKeeper {
  readonly #options: RoundKeeperOptions;
  readonly #timers = new Set<Timer>();
  #supervisor: Supervisor | null = null;

  constructor(options: RoundKeeperOptions) {
    this.#options = options;
  }

  /** What the supervisor tells; it comes before `use`, as threads are started with it. */
  readonly events: SupervisorEvents = {
    onOwned: (roundId, generation) => {
      const round = this.#options.live.get(roundId);
      if (round !== undefined) round.generation = generation;
    },
    onPhase: (roundId, phase, endsAtMs) => {
      this.#options.live.onPhase(roundId, phase, endsAtMs);
      if (phase === 'settled') void this.#finish(roundId, 'settled');
    },
    onSettle: (roundId, generation, statement) => {
      this.#options.settlement.settle({ roundId, generation, statement });
    },
    onRefund: (roundId, generation) => {
      this.#options.settlement.refund({ roundId, generation });
    },
    onLost: (roundId) => {
      this.#options.logger.error('the round does not run here any more', { roundId });
      this.#options.live.remove(roundId);
    },
  };

  use(supervisor: Supervisor): void {
    this.#supervisor = supervisor;
  }

  /** Runs a stored round; false when that could not be done now. */
  async adopt({ terms, createdAtMs, phase, generation }: RoundRecord): Promise<boolean> {
    const endsAtMs = terms.end.kind === 'time' ? terms.end.atMs : null;
    this.#options.live.add(terms.roundId, { terms, createdAtMs, phase, generation, endsAtMs });
    const owned = await this.#supervisor?.own(terms.roundId);
    if (owned?.ok === true) return true;
    this.#options.live.remove(terms.roundId);
    return false;
  }

  /** Takes up every round that an earlier run of the engine left unfinished. */
  async recover(): Promise<void> {
    const { store, logger } = this.#options;
    const records = await store.unfinishedRounds();
    await Promise.all(
      records.map(async (record) => {
        const adopted = await this.adopt(record);
        if (!adopted) logger.error('round could not be recovered', { roundId: record.terms.roundId });
      }),
    );
    if (records.length > 0) logger.info('rounds recovered', { rounds: records.length });
  }

  /** From the settlement service: passed on to the round, so that its viewers hear of it. */
  onProgress(roundId: RoundId, progress: SettlementProgress): void {
    this.#supervisor?.input(roundId, { kind: 'settlement', progress });
    if (progress.status === 'refunded') void this.#finish(roundId, 'cancelled');
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  async #finish(roundId: RoundId, phase: 'settled' | 'cancelled'): Promise<void> {
    const { store, live, logger } = this.#options;
    const round = live.get(roundId);
    if (round === undefined) return;
    try {
      const finished = await store.finishRound({ roundId, generation: round.generation, phase });
      if (finished.ok) this.#later(LINGER_MS, () => this.#letGo(roundId));
    } catch (error) {
      logger.error('round not marked finished', { roundId, error });
      this.#later(RETRY_MS, () => void this.#finish(roundId, phase));
    }
  }

  #letGo(roundId: RoundId): void {
    this.#supervisor?.release(roundId);
    this.#options.live.remove(roundId);
  }

  #later(delayMs: number, run: () => void): void {
    const timer = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }
}
