/**
 * A load test from beginning to end: engine, accounts, rounds, ramp, full load, drain, receipts, proof of the money.
 * The border of the generator to whoever shows it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../../src/cli/terminal.ts';
import type { LoadOptions } from '../options.ts';
import type { RunResult, Sample } from '../run-result.ts';
import { connectionsPossible } from './limits.ts';
import { LoadProcesses } from './load-processes.ts';
import type { LoadTimes } from './messages.ts';
import { proveMoney } from './money-proof.ts';
import { monotonicMs } from './monotonic.ts';
import { type OwnEngine, startOwnEngine } from './own-engine.ts';
import { resultOf } from './result.ts';
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
/** Until the ramp, for rounds to be made and every process to be told of them. */
const HEAD_START_MS = 200;
const HEAD_START_MS_PER_ROUND = 10;
/** For rounds to be settled: some time, and more with more streams. */
const SETTLED_WITHIN_MS = 30_000;
const SETTLED_WITHIN_MS_PER_VIEWER = 4;
/** Rounds of a load that was stopped early are waited for up to this long; after it the money is not looked at. */
export const EARLY_WAIT_MS_MAX = 60_000;

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
      engine: engine.own,
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
  const rounds = new Rounds(engine, options);
  const wsUrl = await rounds.wsUrl();
  on.say(`funding ${options.viewers} viewers`);
  await crew.prepare(engine);
  const rampAtMs = monotonicMs() + HEAD_START_MS + options.rounds * HEAD_START_MS_PER_ROUND;
  // At a whole second of the samples.
  const startsAtMs = rampAtMs + Math.ceil(options.rampSeconds) * 1_000 + SETTLE_MS;
  const times: LoadTimes = { rampAtMs, startsAtMs, endsAtMs: startsAtMs + options.seconds * 1_000 };
  await rounds.create(startsAtMs);
  const stopped = (): boolean => on.stop?.aborted ?? false;
  if (stopped()) throw new CliError('stopped before the load began');
  on.say(
    `connecting ${options.viewers} viewers to ${wsUrl} from ${crew.count} ${crew.count === 1 ? 'process' : 'processes'}`,
  );
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
