/** Between the parent of a load test and its load processes. All times are monotonic and the same in every process. */
import type { LoadOptions } from '../options.ts';
import type { LatencyKind } from '../run-result.ts';
import type { StreamLedger } from '../wire/purse.ts';

export type ToLoadProcess =
  /** Make the viewers of the plan that are this process's, and fund them. */
  | {
      readonly kind: 'prepare';
      readonly options: LoadOptions;
      readonly process: number;
      readonly processes: number;
      readonly apiUrl: string;
      readonly adminToken: string;
    }
  /** Connect them and have them do what they do. */
  | {
      readonly kind: 'go';
      readonly wsUrl: string;
      readonly roundIds: readonly string[];
      readonly times: LoadTimes;
    }
  /** Full load ends then, earlier than was said. */
  | { readonly kind: 'stop'; readonly endsAtMs: number }
  /** Hang up and tell what came of it. */
  | { readonly kind: 'finish' };

export interface LoadTimes {
  readonly rampAtMs: number;
  /** Full load, from and until. */
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

export type FromLoadProcess =
  | { readonly kind: 'prepared' }
  /** `expected`: no bug of ours, the message is for people. */
  | { readonly kind: 'failed'; readonly message: string; readonly expected: boolean }
  | ({ readonly kind: 'sample' } & ProcessSample)
  | ({ readonly kind: 'result' } & ProcessResult);

/** Histograms as text (histograms.ts); null: nothing was recorded. */
export type TakenLatencies = Readonly<Record<LatencyKind, string | null>>;

/** What one process did in one second. */
export interface ProcessSample {
  /** Counted from the beginning of the ramp. */
  readonly second: number;
  readonly connected: number;
  readonly words: number;
  readonly deliveries: number;
  readonly errors: number;
  readonly latencies: TakenLatencies;
  readonly lagMs: number;
  readonly cpuMs: number;
  /** The longest of its rounds. */
  readonly payEveryMs: number;
}

export interface ActCounts {
  connections: number;
  reconnects: number;
  gifts: number;
  claps: number;
  votes: number;
  switches: number;
}

export interface ProcessResult {
  readonly acts: ActCounts;
  readonly words: number;
  readonly deliveries: number;
  readonly deliveredBytes: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly provoked: Readonly<Record<string, number>>;
  /** What was not in a sample yet. */
  readonly latencies: TakenLatencies;
  /** How late everything was sent, during full load. */
  readonly lag: string | null;
  readonly ledgers: readonly StreamLedger[];
}
