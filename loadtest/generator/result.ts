/** Puts together what a load test yields, and says whether its figures count. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import type { LoadOptions } from '../options.ts';
import type { MoneyProof, RunResult, Sample } from '../run-result.ts';
import { LatencyHistogram, SEEN_BEFORE_DUE } from './histograms.ts';
import type { ActCounts, ProcessResult } from './messages.ts';
import type { Samples } from './samples.ts';

/** The generator was the bottleneck when more than one in a hundred of its messages left later than this. */
const LAG_P99_MS_MAX = 50;
/** Of the viewers asked for, that have to be there in the median second of full load. */
const CONNECTED_SHARE_MIN = 0.98;

export function resultOf(run: {
  readonly options: LoadOptions;
  readonly startedAt: string;
  readonly samples: Samples;
  readonly results: readonly ProcessResult[];
  readonly money: MoneyProof | null;
  /** Rounds that were not settled in time. */
  readonly late: number;
  readonly processes: number;
}): RunResult {
  const { options, samples, results, money, late, processes } = run;
  const lag = new LatencyHistogram();
  for (const result of results) {
    samples.addLatencies(result.latencies);
    lag.add(result.lag);
  }
  const sum = (of: (result: ProcessResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const acts = (kind: keyof ActCounts): number => sum((result) => result.acts[kind]);
  const [cpu] = cpus();
  return {
    startedAt: run.startedAt,
    commit: commit(),
    machine: { cpu: cpu?.model ?? 'unknown', cores: availableParallelism(), node: process.version },
    options: plainOptions(options, processes),
    totals: {
      connections: acts('connections'),
      reconnects: acts('reconnects'),
      words: sum(({ words }) => words),
      gifts: acts('gifts'),
      claps: acts('claps'),
      votes: acts('votes'),
      switches: acts('switches'),
      deliveries: sum(({ deliveries }) => deliveries),
      deliveredBytes: sum(({ deliveredBytes }) => deliveredBytes),
      errors: summed(results.map(({ errors }) => errors)),
      provoked: summed(results.map(({ provoked }) => provoked)),
    },
    latency: {
      gift: samples.totals.gift.summary(),
      giftAck: samples.totals.giftAck.summary(),
      clap: samples.totals.clap.summary(),
      join: samples.totals.join.summary(),
    },
    samples: samples.all,
    gc: samples.gc,
    money,
    invalid: invalidity({ options, samples: samples.all, lag, late, early: sum(earlySightings) }),
    thresholds: [],
  };
}

function earlySightings({ errors }: ProcessResult): number {
  return errors[SEEN_BEFORE_DUE] ?? 0;
}

/** Why the figures say little about the engine. */
function invalidity(run: {
  readonly options: LoadOptions;
  readonly samples: readonly Sample[];
  readonly lag: LatencyHistogram;
  readonly late: number;
  readonly early: number;
}): readonly string[] {
  const reasons: string[] = [];
  const lagMs = run.lag.count === 0 ? 0 : run.lag.percentileMs(99);
  if (lagMs > LAG_P99_MS_MAX) {
    reasons.push(
      `the generator was the bottleneck: 1 % of what it sent was more than ${lagMs.toFixed(0)} ms late`,
    );
  }
  if (run.early > 0) {
    reasons.push(
      `the clocks of the generator's processes differ: ${run.early} sightings were before their time`,
    );
  }
  const connected = run.samples
    .filter(({ phase }) => phase === 'load')
    .map((sample) => sample.connected)
    .toSorted((a, b) => a - b);
  const median = connected[Math.floor(connected.length / 2)] ?? 0;
  if (median < run.options.viewers * CONNECTED_SHARE_MIN) {
    reasons.push(`${median} of ${run.options.viewers} viewers were connected during full load`);
  }
  if (run.late > 0)
    reasons.push(`${run.late} rounds were not settled in time: the money could not be looked at`);
  return reasons;
}

function plainOptions(options: LoadOptions, processes: number): Record<string, string | number | boolean> {
  const plain: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries({ ...options, processes, adminToken: null })) {
    if (Array.isArray(value)) {
      if (value.length > 0) plain[name] = value.join(' ');
    } else if (value !== null) {
      plain[name] = value as string | number | boolean;
    }
  }
  return plain;
}

function summed(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const one of all) {
    for (const [code, count] of Object.entries(one)) total[code] = (total[code] ?? 0) + count;
  }
  return total;
}

/** Of the work tree; 'unknown' where there is none. */
function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}
