/** What a threshold may look at: the name people write, its unit, and how it is read from a result. */
import type { Latency, LatencyKind, RunResult, Sample } from '../run-result.ts';

export type MetricUnit = 'ms' | 'bytes' | 'number';

export type MetricNeeds = 'gifts' | 'claps' | 'engine';

export interface Metric {
  readonly name: string;
  readonly unit: MetricUnit;
  readonly meaning: string;
  /** What there has to be for it to be measured. */
  readonly needs?: MetricNeeds;
  /** Null where nothing was measured. */
  readonly read: (result: RunResult) => number | null;
}

export const LATENCY_KINDS: readonly LatencyKind[] = ['gift', 'giftAck', 'clap', 'join'];

/** Statistics of a latency, as people write them. */
const STATISTICS: Readonly<Record<string, keyof Latency>> = {
  p50: 'p50Ms',
  p90: 'p90Ms',
  p99: 'p99Ms',
  'p99.9': 'p999Ms',
  mean: 'meanMs',
  max: 'maxMs',
  count: 'count',
};

/** The part of a run that is judged: everybody is there, nobody is leaving. */
export function loadSamples(result: RunResult): readonly Sample[] {
  return result.samples.filter(({ phase }) => phase === 'load');
}

/** Null when there is nothing to take the mean of. */
export function meanOf(samples: readonly Sample[], read: (sample: Sample) => number | null): number | null {
  const values = samples.map(read).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function maxOf(samples: readonly Sample[], read: (sample: Sample) => number | null): number | null {
  return fold(samples, read, Math.max);
}

function minOf(samples: readonly Sample[], read: (sample: Sample) => number | null): number | null {
  return fold(samples, read, Math.min);
}

function fold(
  samples: readonly Sample[],
  read: (sample: Sample) => number | null,
  pick: (a: number, b: number) => number,
): number | null {
  return samples.reduce<number | null>((found, sample) => {
    const value = read(sample);
    return value === null ? found : found === null ? value : pick(found, value);
  }, null);
}

/** Errors of all codes. */
export function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

const ofRun = (
  name: string,
  meaning: string,
  read: (result: RunResult) => number | null,
  unit: MetricUnit = 'number',
): Metric => ({ name, unit, meaning, read });

const ofEngine = (...metric: Parameters<typeof ofRun>): Metric => ({ ...ofRun(...metric), needs: 'engine' });

const TOTALS = [
  'connections',
  'reconnects',
  'words',
  'gifts',
  'claps',
  'votes',
  'switches',
] as const satisfies readonly (keyof RunResult['totals'])[];

/** Every metric but latencies and errors of one code, in the order of the help. */
export const METRICS: readonly Metric[] = [
  ofRun('errors', 'refusals and lost connections, without provoked ones', ({ totals }) =>
    sumOf(totals.errors),
  ),
  ofRun('provoked', 'refusals that misbehaving viewers provoked', ({ totals }) => sumOf(totals.provoked)),
  ofRun('connected', 'viewers connected, most at once', ({ samples }) =>
    maxOf(samples, (one) => one.connected),
  ),
  ofRun('connected.min', 'viewers connected under load, fewest', (result) =>
    minOf(loadSamples(result), (one) => one.connected),
  ),
  ofRun('payments/s', 'payments a second under load, mean', (result) =>
    meanOf(loadSamples(result), (one) => one.paymentsPerSecond),
  ),
  ofRun('deliveries/s', 'messages to viewers a second under load, mean', (result) =>
    meanOf(loadSamples(result), (one) => one.deliveriesPerSecond),
  ),
  ...TOTALS.map((name) => ofRun(name, `${name}, in all`, ({ totals }) => totals[name])),
  ofEngine('engineCores', 'CPU of the engine under load, mean', (result) =>
    meanOf(loadSamples(result), (one) => one.engineCores),
  ),
  ofEngine('engineCores.max', 'the same, in the busiest second', (result) =>
    maxOf(loadSamples(result), (one) => one.engineCores),
  ),
  ofRun('generatorCores', 'CPU of the load generator under load, mean', (result) =>
    meanOf(loadSamples(result), (one) => one.generatorCores),
  ),
  ofEngine(
    'engineMemory',
    'memory of the engine, most',
    ({ samples }) => maxOf(samples, (one) => one.engineBytes),
    'bytes',
  ),
  ofEngine(
    'gc',
    'pause of a thread of the engine for collecting garbage under load, longest',
    (result) => maxOf(loadSamples(result), (one) => one.gcLongestMs),
    'ms',
  ),
  ofRun(
    'lag',
    'how late the generator was, at worst, under load',
    (result) => maxOf(loadSamples(result), (one) => one.generatorLagMs),
    'ms',
  ),
  ofRun(
    'payEvery',
    'how seldom the engine asked for words, at most',
    ({ samples }) => maxOf(samples, (one) => one.payEveryMs),
    'ms',
  ),
];

/** `p99` (of gifts), `join.max`, `errors.BAD_WORD`, or one of METRICS; undefined when there is none of that name. */
export function findMetric(name: string): Metric | undefined {
  const code = /^(errors|provoked)\.(.+)$/.exec(name);
  if (code?.[1] !== undefined && code[2] !== undefined) return countOfCode(code[1], code[2]);
  return METRICS.find((metric) => metric.name === name) ?? findLatency(name);
}

function findLatency(name: string): Metric | undefined {
  const [, kindName = 'gift', statistic = ''] = /^(?:(\w+)\.)?(p[\d.]+|mean|max|count)$/.exec(name) ?? [];
  const kind = LATENCY_KINDS.find((one) => one === kindName);
  const field = STATISTICS[statistic];
  if (kind === undefined || field === undefined) return undefined;
  const metric = ofRun(
    name,
    `${statistic} of ${kind}`,
    ({ latency }) => latency[kind]?.[field] ?? null,
    field === 'count' ? 'number' : 'ms',
  );
  return kind === 'join' ? metric : { ...metric, needs: kind === 'clap' ? 'claps' : 'gifts' };
}

function countOfCode(group: string, code: string): Metric {
  return ofRun(`${group}.${code}`, `${group} of that code`, ({ totals }) => {
    const counts = group === 'errors' ? totals.errors : totals.provoked;
    return Object.hasOwn(counts, code) ? (counts[code] ?? 0) : 0;
  });
}

/** For help and messages. */
export function latencyNames(): string {
  return `KIND.STAT with KIND ${LATENCY_KINDS.join(' ')} and STAT ${Object.keys(STATISTICS).join(' ')}; STAT alone is of gifts`;
}
