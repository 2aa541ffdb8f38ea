/** Pauses for collecting garbage, counted by what the collector did: of one thread, or of some of its time. */
import type { GcKind, GcPauses } from '../../run-result.ts';

export type PausesByKind = Readonly<Partial<Record<GcKind, GcPauses>>>;

/** What one thread of the engine tells, as a line of JSON: its pauses since it told last; when it begins, none. */
export interface ToldPauses {
  readonly thread: string;
  /** Ascending in the order in which threads were started; several have the same name. */
  readonly threadId: number;
  readonly pauses: PausesByKind;
}

/**
 * The open file that each thread of the engine writes its lines to. A socket, not a file on disk: nothing grows, nothing
 * has to be looked for, and a line of this length arrives in one piece whichever threads write at the same time.
 */
export const PAUSES_FD = 3;

const KINDS: readonly GcKind[] = ['scavenge', 'markCompact', 'incremental', 'weak'];

export function joined(some: PausesByKind, more: PausesByKind): PausesByKind {
  const all: Partial<Record<GcKind, GcPauses>> = { ...some };
  for (const kind of KINDS) {
    const [a, b] = [some[kind], more[kind]];
    if (b !== undefined) all[kind] = a === undefined ? b : sumOf([a, b]);
  }
  return all;
}

/** Of all kinds together. */
export function totalOf(pauses: PausesByKind): GcPauses {
  return sumOf(Object.values(pauses));
}

function sumOf(all: readonly GcPauses[]): GcPauses {
  return {
    count: all.reduce((sum, { count }) => sum + count, 0),
    totalMs: all.reduce((sum, { totalMs }) => sum + totalMs, 0),
    longestMs: all.reduce((most, { longestMs }) => Math.max(most, longestMs), 0),
  };
}
