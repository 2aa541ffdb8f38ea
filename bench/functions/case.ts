/** One function to time, and what is put beside it. */

export interface Task {
  /** Timed. */
  readonly run: () => unknown;
  /** Before each `run`, not timed: puts back what the one before used up. */
  readonly before?: () => void;
}

export interface Case {
  /** As in the result, without 'functions/'. */
  readonly name: string;
  readonly what: string;
  readonly unit: keyof typeof UNITS_PER_MS;
  /** Operations of one `run`, where the result is the time of one. Fast ones need many: the clock has a cost too. */
  readonly operations: number;
  /** Makes what the task needs; called in the process that runs it, and only there. */
  readonly ours: () => Task;
  readonly base?: { readonly name: string; readonly task: () => Task };
}

export const UNITS_PER_MS = { ns: 1_000_000, µs: 1_000, ms: 1 } as const;
