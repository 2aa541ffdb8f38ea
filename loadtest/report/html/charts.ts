/** Which charts a result makes: one for each thing that changes over time, and the percentiles of every latency. */
import type { RunResult, Sample } from '../../run-result.ts';
import { formatCores, formatCount, formatMs, formatNumber, formatSeconds } from '../format.ts';
import { LATENCY_KINDS } from '../metrics.ts';
import { LATENCY_MEANING } from '../rows.ts';
import type { Band, Chart, Series } from './chart.ts';

type Read = (sample: Sample) => number | null;
type Write = (value: number) => string;

interface Plan {
  readonly id: string;
  readonly title: string;
  readonly format: Write;
  readonly formatTick?: Write;
  readonly logarithmic?: boolean;
  readonly tickStepMin?: number;
  readonly lines: Readonly<Record<string, Read>>;
}

const perSecond: Write = (value) => `${formatCount(value)}/s`;
const shortMs: Write = (ms) => `${ms.toLocaleString('en-US')} ms`;
const mebibytes: Write = (mib) => `${formatNumber(mib)} MiB`;
const MIB = 1_048_576;
/** Between two ticks of the time axis, seconds. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400];
const TIME_TICKS = 7;

const PLANS: readonly Plan[] = [
  {
    id: 'gift',
    title: 'Gift until another viewer sees it (log scale)',
    format: formatMs,
    formatTick: shortMs,
    logarithmic: true,
    lines: {
      p50: ({ gift }) => gift?.p50Ms ?? null,
      p99: ({ gift }) => gift?.p99Ms ?? null,
      max: ({ gift }) => gift?.maxMs ?? null,
    },
  },
  {
    id: 'gc',
    title: 'Longest pause of an engine thread for collecting garbage',
    format: formatMs,
    formatTick: shortMs,
    lines: { longest: ({ gcLongestMs }) => gcLongestMs },
  },
  {
    id: 'viewers',
    title: 'Viewers',
    format: formatCount,
    tickStepMin: 1,
    lines: { connected: (one) => one.connected },
  },
  {
    id: 'payments',
    title: 'Payments',
    format: perSecond,
    tickStepMin: 1,
    lines: { payments: (one) => one.paymentsPerSecond },
  },
  {
    id: 'deliveries',
    title: 'Messages to viewers',
    format: perSecond,
    tickStepMin: 1,
    lines: { deliveries: (one) => one.deliveriesPerSecond },
  },
  {
    id: 'cores',
    title: 'CPU, in cores',
    format: formatCores,
    lines: { engine: (one) => one.engineCores, generator: (one) => one.generatorCores },
  },
  {
    id: 'memory',
    title: 'Memory of the engine',
    format: mebibytes,
    formatTick: (mib) => `${formatCount(mib)} MiB`,
    lines: { resident: ({ engineBytes }) => (engineBytes === null ? null : engineBytes / MIB) },
  },
  {
    id: 'lag',
    title: 'How late the generator was',
    format: formatMs,
    formatTick: shortMs,
    lines: { lag: (one) => one.generatorLagMs },
  },
  {
    id: 'pay-every',
    title: 'How often the engine asked for words',
    format: formatSeconds,
    lines: { every: (one) => one.payEveryMs },
  },
  {
    id: 'errors',
    title: 'Errors',
    format: perSecond,
    tickStepMin: 1,
    lines: { errors: (one) => one.errors },
  },
];

/** Charts over time; none of what was never measured. */
export function timeCharts({ samples }: RunResult): Chart[] {
  const first = samples[0]?.atMs ?? 0;
  const range = Math.max(1, (samples.at(-1)?.atMs ?? 0) - first);
  const place = (atMs: number): number => (atMs - first) / range;
  const axis = {
    places: samples.map(({ atMs }) => place(atMs)),
    names: samples.map(({ atMs, phase }) => `${formatSeconds(Math.round(atMs / 1_000) * 1_000)}, ${phase}`),
    xTicks: timeTicks(first, first + range).map((atMs) => ({
      place: place(atMs),
      text: formatSeconds(atMs),
    })),
    bands: bandsOf(samples, place),
  };
  return PLANS.map(({ lines, ...plan }) => ({
    formatTick: plan.format,
    ...plan,
    ...axis,
    series: Object.entries(lines).map(([name, read]): Series => ({ name, values: samples.map(read) })),
  })).filter(({ series }) => series.some(({ values }) => values.some((value) => value !== null)));
}

function timeTicks(fromMs: number, toMs: number): number[] {
  const steps = TIME_STEPS.map((seconds) => seconds * 1_000);
  const step = steps.find((one) => (toMs - fromMs) / one <= TIME_TICKS) ?? toMs;
  const ticks: number[] = [];
  for (let at = Math.ceil(fromMs / step) * step; at <= toMs; at += step) ticks.push(at);
  return ticks;
}

/** Ramp and drain: what is outside the load. */
function bandsOf(samples: readonly Sample[], place: (atMs: number) => number): Band[] {
  const load = samples.filter(({ phase }) => phase === 'load');
  const [begin, end] = [load[0], load.at(-1)];
  if (begin === undefined || end === undefined) return [{ from: 0, to: 1 }];
  const bands = [
    { from: 0, to: place(begin.atMs) },
    { from: place(end.atMs), to: 1 },
  ];
  return bands.filter(({ from, to }) => to > from);
}

const PERCENTILES = ['p50', 'p90', 'p99', 'p99.9', 'max'] as const;

/** Null when no latency was measured. */
export function percentileChart({ latency }: RunResult): Chart | null {
  const series = LATENCY_KINDS.flatMap((kind): Series[] => {
    const of = latency[kind];
    return of === null
      ? []
      : [{ name: LATENCY_MEANING[kind], values: [of.p50Ms, of.p90Ms, of.p99Ms, of.p999Ms, of.maxMs] }];
  });
  if (series.length === 0) return null;
  const places = PERCENTILES.map((_, at) => at / (PERCENTILES.length - 1));
  return {
    id: 'percentiles',
    title: 'Latency by percentile (log scale)',
    format: formatMs,
    formatTick: shortMs,
    logarithmic: true,
    series,
    places,
    names: PERCENTILES,
    xTicks: PERCENTILES.map((text, at) => ({ place: places[at] ?? 0, text })),
    bands: [],
  };
}
