/**
 * What the composition root gives to the supervisor (supervisor.ts), what it is told, and the figures it can
 * ask for. Lives on main.
 */
import type { RoundId } from '../core/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { RoundStatement } from '../round/statement.ts';
import type { Phase, RoundTerms } from '../round/terms.ts';
import type { EdgeStats, ShardStats } from './messages.ts';
import type { RestartPolicy } from './supervised-thread.ts';
import type { ThreadRunner } from './thread-runner.ts';

/** What the composition root is told. At least once each: what it does with them has to be idempotent. */
export interface SupervisorEvents {
  /** The round runs (again, after its shard was restarted): progress of its settlement is to be told anew. */
  onOwned(roundId: RoundId, generation: number, terms: RoundTerms): void;
  onPhase(roundId: RoundId, phase: Phase, endsAtMs: number | null): void;
  onSettle(roundId: RoundId, generation: number, statement: RoundStatement): void;
  onRefund(roundId: RoundId, generation: number): void;
  /** Another process owns the round now, or it cannot be run here: it is gone, and is not released. */
  onLost(roundId: RoundId): void;
}

export interface SupervisorOptions {
  readonly shards: number;
  readonly edges: number;
  readonly shardEntry: URL;
  readonly edgeEntry: URL;
  /** workerData of a shard thread. */
  readonly shardData: (shard: number, isSpare: boolean) => unknown;
  /** workerData of an edge thread; `port` is the one the first edge got, null while there is none. */
  readonly edgeData: (edge: number, port: number | null) => unknown;
  readonly events: SupervisorEvents;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What viewers are closed with on `stop` (protocol/close-codes.ts). */
  readonly stopCloseCode: number;
  readonly startTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
  readonly restartPolicy?: RestartPolicy;
  /** Keep a spare of each shard, started so long after the one that runs. Default: none. */
  readonly spareShardAfterMs?: number;
  /** Default: worker threads. */
  readonly runner?: ThreadRunner;
}

/** Null instead of figures: the thread is down or did not answer in time. */
export interface SupervisorStats {
  readonly shards: readonly {
    readonly rounds: number;
    readonly restarts: number;
    readonly stats: ShardStats | null;
  }[];
  readonly edges: readonly { readonly restarts: number; readonly stats: EdgeStats | null }[];
}
