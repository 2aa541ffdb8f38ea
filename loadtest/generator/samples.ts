/** Puts the seconds of all load processes together: one Sample for each, and histograms over the whole run. */
import type { LatencyKind, Sample, ThreadGc } from '../run-result.ts';
import type { EnginePauses } from './gc/engine-pauses.ts';
import { LatencyHistogram } from './histograms.ts';
import type { LoadTimes, ProcessSample, TakenLatencies } from './messages.ts';
import { monotonicMs } from './monotonic.ts';
import { type ProcessUsage, processUsage } from './process-usage.ts';

const KINDS: readonly LatencyKind[] = ['gift', 'giftAck', 'clap', 'join'];

interface OwnProcess {
  readonly pid: number;
  readonly pauses: EnginePauses;
}

export class Samples {
  readonly totals: Readonly<Record<LatencyKind, LatencyHistogram>> = {
    gift: new LatencyHistogram(),
    giftAck: new LatencyHistogram(),
    clap: new LatencyHistogram(),
    join: new LatencyHistogram(),
  };
  readonly all: Sample[] = [];
  readonly #processes: number;
  readonly #engine: OwnProcess | null;
  readonly #emit: (sample: Sample) => void;
  readonly #seconds = new Map<number, ProcessSample[]>();
  /** Gifts of the second that is put together. */
  readonly #gift = new LatencyHistogram();
  #times: LoadTimes | null = null;
  #before: { readonly atMs: number; readonly engine: ProcessUsage | null; readonly ownCpuMs: number };

  constructor(input: {
    readonly processes: number;
    /** Null: the engine's process is not ours to look at. */
    readonly engine: OwnProcess | null;
    readonly emit: (sample: Sample) => void;
  }) {
    this.#processes = input.processes;
    this.#engine = input.engine;
    this.#emit = input.emit;
    this.#before = this.#usage();
  }

  begin(times: LoadTimes): void {
    this.#times = times;
    this.#engine?.pauses.begin(times.rampAtMs);
    this.#before = this.#usage();
  }

  /** Null as in the samples. */
  get gc(): readonly ThreadGc[] | null {
    return this.#engine?.pauses.threads() ?? null;
  }

  stop(endsAtMs: number): void {
    if (this.#times !== null) this.#times = { ...this.#times, endsAtMs };
  }

  take(sample: ProcessSample): void {
    this.addLatencies(sample.latencies);
    this.#gift.add(sample.latencies.gift);
    const parts = [...(this.#seconds.get(sample.second) ?? []), sample];
    this.#seconds.set(sample.second, parts);
    if (parts.length < this.#processes) return;
    this.#seconds.delete(sample.second);
    const merged = this.#merge(sample.second, parts);
    this.#gift.reset();
    this.all.push(merged);
    this.#emit(merged);
  }

  addLatencies(taken: TakenLatencies): void {
    for (const kind of KINDS) this.totals[kind].add(taken[kind]);
  }

  #merge(second: number, parts: readonly ProcessSample[]): Sample {
    const sum = (of: (part: ProcessSample) => number): number =>
      parts.reduce((total, part) => total + of(part), 0);
    const most = (of: (part: ProcessSample) => number): number => Math.max(...parts.map(of));
    const before = this.#before;
    const now = this.#usage();
    this.#before = now;
    const wallMs = Math.max(1, now.atMs - before.atMs);
    const { engine } = now;
    const gift = this.#gift;
    return {
      atMs: second * 1_000,
      phase: this.#phaseAt(second * 1_000),
      connected: sum(({ connected }) => connected),
      paymentsPerSecond: sum(({ words }) => words),
      deliveriesPerSecond: sum(({ deliveries }) => deliveries),
      errors: sum(({ errors }) => errors),
      gift:
        gift.count === 0
          ? null
          : { p50Ms: gift.percentileMs(50), p99Ms: gift.percentileMs(99), maxMs: gift.maxMs },
      engineCores:
        engine === null || before.engine === null ? null : (engine.cpuMs - before.engine.cpuMs) / wallMs,
      generatorCores: sum(({ cpuMs }) => cpuMs) / 1_000 + (now.ownCpuMs - before.ownCpuMs) / wallMs,
      engineBytes: engine?.bytes ?? null,
      gcLongestMs: this.#engine?.pauses.endSecond() ?? null,
      generatorLagMs: most(({ lagMs }) => lagMs),
      payEveryMs: most(({ payEveryMs }) => payEveryMs),
    };
  }

  /** The phase that the second which ends then was in. */
  #phaseAt(atMs: number): Sample['phase'] {
    if (this.#times === null) return 'ramp';
    const { rampAtMs, startsAtMs, endsAtMs } = this.#times;
    if (rampAtMs + atMs <= startsAtMs) return 'ramp';
    return rampAtMs + atMs <= endsAtMs ? 'load' : 'drain';
  }

  #usage(): { readonly atMs: number; readonly engine: ProcessUsage | null; readonly ownCpuMs: number } {
    const { user, system } = process.cpuUsage();
    return {
      atMs: monotonicMs(),
      engine: this.#engine === null ? null : processUsage(this.#engine.pid),
      ownCpuMs: (user + system) / 1_000,
    };
  }
}
