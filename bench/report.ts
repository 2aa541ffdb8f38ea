/**
 * What a bench says. Every bench returns rows of this shape; `main.ts` adds machine, versions and commit and writes
 * them, `compare.ts` reads two such files.
 */

/** A limit that is held or missed; it is on the ratio to the base, or on the value where there is no base. */
export interface Bar {
  readonly of: 'ratio' | 'value';
  readonly is: 'atLeast' | 'atMost';
  readonly limit: number;
}

export interface BenchResult {
  /** Stable, for comparing: 'ingest/words', 'functions/word-verify-8'. */
  readonly name: string;
  /** One sentence: what was measured, how. */
  readonly what: string;
  /** Of `ours` and of the base: 'words/cpu-second', 'ms', 'bytes/viewer', 'ns'. */
  readonly unit: string;
  /** Whether more of the unit is better. */
  readonly better: 'more' | 'less';
  /** One value for each repeat. Never averaged before it gets here. */
  readonly ours: readonly number[];
  /** The thing beside it, measured in the same run, repeats interleaved with ours; null where there is none. */
  readonly base: { readonly name: string; readonly values: readonly number[] } | null;
  readonly bar: Bar | null;
  /** Whatever helps to read it: counts, sizes, shares of time. */
  readonly details: Readonly<Record<string, number | string>>;
}

export interface BenchContext {
  /** Interleaved repeats of standalone benches. */
  readonly repeats: number;
  /** Small and short, to see that it works: figures are not worth keeping. */
  readonly quick: boolean;
  /** Progress, for whoever waits; goes to standard error. */
  readonly say: (line: string) => void;
}

export interface Bench {
  /** As on the command line: 'ingest'. */
  readonly name: string;
  readonly what: string;
  readonly run: (context: BenchContext) => Promise<readonly BenchResult[]>;
}
