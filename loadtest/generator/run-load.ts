/**
 * A load test from beginning to end: engine, accounts, rounds, ramp, full load, drain, receipts, proof of the money.
 * The border of the generator to whoever shows it.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../../src/cli/terminal.ts';
import type { LoadOptions } from '../options.ts';
import type { MoneyProof, RunResult, Sample } from '../run-result.ts';
import { LatencyHistogram } from './histograms.ts';
import { connectionsPossible } from './limits.ts';
import { LoadProcesses } from './load-processes.ts';
import type { ActCounts, LoadTimes, ProcessResult } from './messages.ts';
import { proveMoney } from './money-proof.ts';
import { monotonicMs } from './monotonic.ts';
import { type OwnEngine, startOwnEngine } from './own-engine.ts';
import { DRAIN_SECONDS, Rounds } from './rounds.ts';
import { Samples } from './samples.ts';

export interface LoadListener {
  /** About once a second. */
  sample(sample: Sample): void;
  /** Progress, for whoever waits. */
  say(line: string): void;
  /** Ends the load early: what was paid by then is settled and reported, when the rounds end. */
  readonly stop?: AbortSignal;
}

/** Between the ramp and full load, for the last streams to be opened. */
export const SETTLE_MS = 2_000;
/** Until the ramp, for every process to be told of it. */
const HEAD_START_MS = 200;
/** For rounds to be settled: some time, and more with more streams. */
const SETTLED_WITHIN_MS = 30_000;
const SETTLED_WITHIN_MS_PER_VIEWER = 4;
/** Rounds of a load that was stopped early are waited for up to this long; after it the money is not looked at. */
export const EARLY_WAIT_MS_MAX = 60_000;
const LAG_P99_MS_MAX = 50;
const CONNECTED_SHARE_MIN = 0.98;

interface EngineAccess {
  readonly apiUrl: string;
  readonly adminToken: string;
  readonly own: OwnEngine | null;
}

/** Rejects when the load cannot be made: no engine, too few connections, a process that failed. */
export async function runLoad(options: LoadOptions, on: LoadListener): Promise<RunResult> {
  const { possible, processes, advice } = connectionsPossible(options);
  if (options.viewers > possible) {
    throw new CliError(`${options.viewers} viewers, but ${possible} connections are possible. ${advice}`);
  }
  const engine = await accessEngine(options, on);
  const gone = new AbortController();
  let crew: LoadProcesses | null = null;
  try {
    const samples = new Samples({
      processes,
      enginePid: engine.own?.pid ?? null,
      emit: (sample) => on.sample(sample),
    });
    crew = new LoadProcesses(options, processes, (_, sample) => samples.take(sample));
    const driven = drive({ options, on, engine, crew, samples, gone: gone.signal });
    return await Promise.race([crew.failed, ended(engine.own), driven]);
  } finally {
    gone.abort();
    crew?.kill();
    await leaveEngine(engine.own, on);
  }
}

async function accessEngine(options: LoadOptions, on: LoadListener): Promise<EngineAccess> {
  if (options.url !== null) {
    if (options.adminToken === null) throw new CliError('an engine that runs is needed with its admin token');
    return { apiUrl: options.url.replace(/\/$/, ''), adminToken: options.adminToken, own: null };
  }
  on.say('starting an engine');
  const own = await startOwnEngine({
    // Also while those who were replaced are still on their way out.
    connections: Math.ceil(options.viewers * 1.2),
    flags: options.engineFlags,
    nodeFlags: options.engineNodeFlags,
  });
  return { apiUrl: own.apiUrl, adminToken: own.adminToken, own };
}

interface Drive {
  readonly options: LoadOptions;
  readonly on: LoadListener;
  readonly engine: EngineAccess;
  readonly crew: LoadProcesses;
  readonly samples: Samples;
  /** Nobody waits for it any more. */
  readonly gone: AbortSignal;
}

async function drive({ options, on, engine, crew, samples, gone }: Drive): Promise<RunResult> {
  const startedAt = new Date().toISOString();
  on.say(`funding ${options.viewers} viewers`);
  await crew.prepare(engine);
  const rounds = new Rounds(engine, options);
  const wsUrl = await rounds.wsUrl();
  const rampAtMs = monotonicMs() + HEAD_START_MS;
  // At a whole second of the samples.
  const startsAtMs = rampAtMs + Math.ceil(options.rampSeconds) * 1_000 + SETTLE_MS;
  const times: LoadTimes = { rampAtMs, startsAtMs, endsAtMs: startsAtMs + options.seconds * 1_000 };
  await rounds.create(startsAtMs);
  const stopped = (): boolean => on.stop?.aborted ?? false;
  if (stopped()) throw new CliError('stopped before the load began');
  on.say(`connecting ${options.viewers} viewers to ${wsUrl} from ${crew.count} processes`);
  samples.begin(times);
  crew.go({ kind: 'go', wsUrl, roundIds: rounds.ids, times });
  const stop = (): void => {
    const nowMs = monotonicMs();
    crew.stop(nowMs);
    samples.stop(nowMs);
  };
  on.stop?.addEventListener('abort', stop, { once: true });
  const load = [on.stop, gone].filter((signal) => signal !== undefined);
  await until(times.startsAtMs, load);
  if (!stopped()) on.say(`full load for ${options.seconds} s`);
  await until(times.endsAtMs, load);
  await until(times.endsAtMs + DRAIN_SECONDS * 1_000, [gone]);
  on.say('settling');
  // The end of a round was given when it was made: a load that was stopped early waits for it, if it is not long.
  const leftMs = Math.max(0, times.endsAtMs - monotonicMs());
  const patienceMs =
    leftMs > EARLY_WAIT_MS_MAX
      ? 0
      : leftMs + SETTLED_WITHIN_MS + options.viewers * SETTLED_WITHIN_MS_PER_VIEWER;
  const receipts = await rounds.receipts(patienceMs, gone);
  const results = await crew.finish();
  on.say('verifying receipts');
  const late = options.rounds - receipts.size;
  const money =
    late > 0
      ? null
      : proveMoney(
          results.flatMap(({ ledgers }) => ledgers),
          receipts,
        );
  return resultOf({ options, startedAt, samples, results, money, late, processes: crew.count });
}

function resultOf(run: {
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
    money,
    invalid: invalidity({ options, samples: samples.all, lag, late }),
    thresholds: [],
  };
}

/** Why the figures say little about the engine. */
function invalidity(run: {
  readonly options: LoadOptions;
  readonly samples: readonly Sample[];
  readonly lag: LatencyHistogram;
  readonly late: number;
}): readonly string[] {
  const reasons: string[] = [];
  const lagMs = run.lag.count === 0 ? 0 : run.lag.percentileMs(99);
  if (lagMs > LAG_P99_MS_MAX) {
    reasons.push(
      `the generator was the bottleneck: 1 % of what it sent was more than ${lagMs.toFixed(0)} ms late`,
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

/** Until then, or until one of them is aborted. */
async function until(atMs: number, signals: readonly AbortSignal[]): Promise<void> {
  const signal = AbortSignal.any([...signals]);
  await sleep(Math.max(0, atMs - monotonicMs()), undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

async function leaveEngine(engine: OwnEngine | null, on: LoadListener): Promise<void> {
  if (engine === null) return;
  const wrote = engine.output().trim();
  if (wrote !== '') on.say(`the engine wrote:\n${wrote}`);
  if (!(await engine.stop())) on.say('the engine did not stop cleanly');
}

/** Rejects when the engine has ended by itself. */
async function ended(engine: OwnEngine | null): Promise<never> {
  if (engine === null) return new Promise(() => undefined);
  const why = await engine.ended;
  throw new Error(`${why}:\n${engine.output()}`);
}
