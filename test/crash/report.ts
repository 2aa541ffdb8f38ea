/** The figures of a run. */
import type { Findings } from './checker/findings.ts';
import type { Run } from './run.ts';

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly samples: number;
}

export interface Report {
  readonly kills: number;
  readonly roundsSettled: number;
  readonly satsLost: number;
  readonly satsCreated: number;
  readonly chargedTwice: number;
  readonly acksViolated: number;
  /** From SIGKILL until a word that was sent after it was acknowledged to its viewer. */
  readonly resumeMs: Percentiles;
  /** The same for threads that died in a living process. */
  readonly threadResumeMs: Percentiles;
  /** From spawn until the engine takes calls. */
  readonly startMs: Percentiles;
  /** Whatever else is not as documented, and liveness. */
  readonly broken: number;
  readonly problems: readonly string[];
  readonly roundsCancelled: number;
  readonly streams: number;
  readonly paidSats: number;
  readonly acknowledgedSats: number;
  readonly byAim: Readonly<Record<string, number>>;
  readonly struck: Readonly<Record<string, number>>;
  readonly refusals: Readonly<Record<string, number>>;
  readonly errorLines: Readonly<Record<string, number>>;
  readonly seed: number;
}

export function reportOf(run: Run, findings: Findings, seed: number): Report {
  const { killer, evidence } = run;
  const { satsLost, satsCreated, chargedTwice, acksViolated, broken } = findings.verdict;
  const settled = new Set(
    evidence.rounds.filter(({ receipt }) => receipt !== null).map(({ roundId }) => roundId),
  );
  const acknowledgedSats = evidence.streams.reduce(
    (sum, { roundId, chains, acknowledged }) =>
      !settled.has(roundId)
        ? sum
        : sum + chains.reduce((worth, { unitSats }, at) => worth + unitSats * (acknowledged[at] ?? 0), 0),
    0,
  );
  const paidSats = evidence.rounds.reduce((sum, { receipt }) => {
    if (receipt === null) return sum;
    return sum + (JSON.parse(receipt) as { totals: { paidSats: number } }).totals.paidSats;
  }, 0);
  return {
    kills: killer.kills,
    roundsSettled: run.roundsSettled,
    satsLost,
    satsCreated,
    chargedTwice,
    acksViolated,
    resumeMs: percentiles(killer.resumeMs),
    threadResumeMs: percentiles(killer.threadResumeMs),
    startMs: percentiles(killer.startMs),
    broken,
    problems: killer.problems,
    roundsCancelled: run.roundsCancelled,
    streams: evidence.streams.length,
    paidSats,
    acknowledgedSats,
    byAim: killer.byAim,
    struck: killer.struck,
    refusals: run.refusals,
    errorLines: killer.errorLines,
    seed,
  };
}

export function isClean(report: Report): boolean {
  const { satsLost, satsCreated, chargedTwice, acksViolated, broken, problems } = report;
  return satsLost + satsCreated + chargedTwice + acksViolated + broken + problems.length === 0;
}

function percentiles(samples: readonly number[]): Percentiles {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: at(1), samples: sorted.length };
}
