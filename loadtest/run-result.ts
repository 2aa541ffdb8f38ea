/**
 * What a load test yields: made by the generator (`generator/`), read by everything that shows it (`report/`).
 * Plain data; times in milliseconds, money in sats.
 */

/** Of a latency histogram; milliseconds. */
export interface Latency {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/**
 * What is timed. All from when the message should have left, not from when it did (coordinated omission):
 * `gift`: a gift until another viewer's client shows it; `giftAck`: until it is acknowledged as durable; `join`: from the start of a connection
 * until the stream is open; `clap`: until another viewer's client shows the count.
 */
export type LatencyKind = 'gift' | 'giftAck' | 'clap' | 'join';

/** One second of the run, over all workers. */
export interface Sample {
  /** Since the load began. */
  readonly atMs: number;
  readonly phase: 'ramp' | 'load' | 'drain';
  readonly connected: number;
  readonly paymentsPerSecond: number;
  /** Messages that viewers received: state, acknowledgements, answers. */
  readonly deliveriesPerSecond: number;
  readonly errors: number;
  readonly gift: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number } | null;
  /** Cores in use; null where the engine's process is not ours to look at. */
  readonly engineCores: number | null;
  readonly generatorCores: number;
  /** Resident bytes of the engine; null as above. */
  readonly engineBytes: number | null;
  /** Longest pause of a thread of the engine for collecting garbage; 0: none. Null as above. */
  readonly gcLongestMs: number | null;
  /** How late the latest worker's loop was. */
  readonly generatorLagMs: number;
  /** How often the engine asks for a word. */
  readonly payEveryMs: number;
}

/**
 * Pauses of a thread for collecting garbage: it does nothing else meanwhile, others go on. By the clock: on a machine that is
 * busy the wait for a core is in them.
 */
export interface GcPauses {
  readonly count: number;
  readonly totalMs: number;
  readonly longestMs: number;
}

/**
 * Of young objects; of all; the beginning of marking that goes on beside the program (its small steps are not measured);
 * clearing of weak references.
 */
export type GcKind = 'scavenge' | 'markCompact' | 'incremental' | 'weak';

/** Over all samples. */
export interface ThreadGc extends GcPauses {
  /**
   * As the engine calls it: `main`, `edge-0`, `shard-0`; `writer` writes the store. `shard-0 (2)` is the second of its name:
   * started ahead, and idle until the first one ends.
   */
  readonly thread: string;
  readonly kinds: Readonly<Partial<Record<GcKind, GcPauses>>>;
}

/** sent = acknowledged = settled = receipts, to the sat. */
export interface MoneyProof {
  readonly rounds: readonly {
    readonly roundId: string;
    /** By the words that viewers revealed, and by what the engine acknowledged to them. */
    readonly revealedSats: number;
    readonly acknowledgedSats: number;
    /** By the receipt: what its streams paid, and what it divides. */
    readonly receiptSats: number;
    readonly dividedSats: number;
    readonly streams: number;
    /** Every stream whose figures differ, at most 20. */
    readonly differences: readonly string[];
    /** What `verify` says of the receipt: 'ok', or the first check that fails. */
    readonly receipt: string;
  }[];
  readonly ok: boolean;
}

export interface ThresholdOutcome {
  /** As given: 'p99>100'. */
  readonly rule: string;
  /** What was measured, in the unit of the rule's metric; a word for the money; null when nothing was measured, which fails. */
  readonly value: number | string | null;
  readonly failed: boolean;
}

export interface RunResult {
  readonly startedAt: string;
  readonly commit: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  /** As they were in force. */
  readonly options: Readonly<Record<string, string | number | boolean>>;
  readonly totals: {
    readonly connections: number;
    readonly reconnects: number;
    readonly words: number;
    readonly gifts: number;
    readonly claps: number;
    readonly votes: number;
    readonly switches: number;
    readonly deliveries: number;
    readonly deliveredBytes: number;
    /** Refusals and closes by code: 'BAD_WORD': 3, 'close 4008': 1. Those that misbehaving viewers provoke are apart. */
    readonly errors: Readonly<Record<string, number>>;
    readonly provoked: Readonly<Record<string, number>>;
  };
  readonly latency: Readonly<Record<LatencyKind, Latency | null>>;
  readonly samples: readonly Sample[];
  /** Threads of the engine that collected garbage, longest pause first. Null: the engine's process is not ours to look at. */
  readonly gc: readonly ThreadGc[] | null;
  /** Null when the money could not be looked at, with the reason in `invalid`. */
  readonly money: MoneyProof | null;
  /** Why the figures do not count: the generator was the bottleneck, viewers could not connect. Empty: they do. */
  readonly invalid: readonly string[];
  readonly thresholds: readonly ThresholdOutcome[];
}
