/** A result as rows of text: what the summary prints and the page shows in its tables, so that both say the same. */
import type { GcKind, LatencyKind, MoneyProof, RunResult, Sample, ThresholdOutcome } from '../run-result.ts';
import {
  formatBytes,
  formatCores,
  formatCount,
  formatMs,
  formatName,
  formatNumber,
  formatSeconds,
} from './format.ts';
import { STOPPED_OPTION } from './verdict.ts';
import { LATENCY_KINDS, findMetric, loadSamples, maxOf, meanOf } from './metrics.ts';

/** ` · 500 viewers · 20 s`, to follow a title. */
export function loadText({ options }: RunResult): string {
  const { viewers, seconds } = options;
  if (typeof viewers !== 'number' || typeof seconds !== 'number') return '';
  const stopped = options[STOPPED_OPTION];
  const time =
    typeof stopped === 'number' ? `${stopped} of ${formatCount(seconds)} s` : `${formatCount(seconds)} s`;
  return ` · ${formatCount(viewers)} viewers · ${time}`;
}

export const LATENCY_HEAD = ['count', 'p50', 'p90', 'p99', 'p99.9', 'max'] as const;

/** What each latency means, in a line. */
export const LATENCY_MEANING: Readonly<Record<LatencyKind, string>> = {
  gift: 'gift until another viewer sees it',
  giftAck: 'gift until it is acknowledged',
  clap: 'clap until another viewer sees it',
  join: 'connection until the stream is open',
};

export interface LatencyRow {
  readonly kind: LatencyKind;
  readonly cells: readonly string[];
}

/** Kinds that were measured; milliseconds. */
export function latencyRows({ latency }: RunResult): LatencyRow[] {
  return LATENCY_KINDS.flatMap((kind) => {
    const of = latency[kind];
    if (of === null) return [];
    const times = [of.p50Ms, of.p90Ms, of.p99Ms, of.p999Ms, of.maxMs];
    return [{ kind, cells: [formatCount(of.count), ...times.map(formatNumber)] }];
  });
}

type NamedRow = readonly [name: string, text: string];

export function trafficRows(result: RunResult): NamedRow[] {
  const { totals } = result;
  const load = loadSamples(result);
  const rate = (read: (sample: Sample) => number): string => {
    const mean = meanOf(load, read);
    return mean === null ? '' : `${formatCount(mean)}/s under load, `;
  };
  const most = maxOf(result.samples, ({ connected }) => connected) ?? 0;
  return [
    [
      'viewers',
      `${formatCount(most)} at once, ${formatCount(totals.connections)} connections, ${formatCount(totals.reconnects)} reconnects`,
    ],
    [
      'payments',
      `${rate((one) => one.paymentsPerSecond)}${formatCount(totals.words)} words, ${formatCount(totals.gifts)} gifts`,
    ],
    [
      'deliveries',
      `${rate((one) => one.deliveriesPerSecond)}${formatCount(totals.deliveries)} messages, ${formatBytes(totals.deliveredBytes)}`,
    ],
    [
      'engagement',
      `${formatCount(totals.claps)} claps, ${formatCount(totals.votes)} votes, ${formatCount(totals.switches)} switches`,
    ],
    ['words asked', askedText(result)],
  ];
}

function askedText({ samples }: RunResult): string {
  const most = maxOf(samples, ({ payEveryMs }) => payEveryMs);
  const least = Math.min(...samples.map(({ payEveryMs }) => payEveryMs));
  if (most === null) return 'unknown';
  return most === least
    ? `every ${formatSeconds(most)}`
    : `every ${formatSeconds(least)} to ${formatSeconds(most)}: the engine saved itself work`;
}

export function machineRows(result: RunResult): NamedRow[] {
  const load = loadSamples(result);
  const cores = (read: (sample: Sample) => number | null): string => {
    const mean = meanOf(load, read);
    const most = maxOf(load, read);
    if (load.length === 0) return 'not measured';
    return mean === null || most === null
      ? 'not ours to measure'
      : `${formatCores(mean)} cores, ${formatCores(most)} in the busiest second`;
  };
  const memory = maxOf(result.samples, ({ engineBytes }) => engineBytes);
  const lag = maxOf(load, ({ generatorLagMs }) => generatorLagMs);
  return [
    [
      'engine',
      `${cores((one) => one.engineCores)}${memory === null ? '' : `, ${formatBytes(memory)} at most`}`,
    ],
    [
      'generator',
      `${cores((one) => one.generatorCores)}${lag === null ? '' : `, ${formatMs(lag)} late at worst`}`,
    ],
  ];
}

const GC_NAMES: Readonly<Record<GcKind, string>> = {
  scavenge: 'scavenge',
  markCompact: 'mark-compact',
  incremental: 'marking begun',
  weak: 'weak references',
};

export const GC_UNKNOWN = 'pauses are not known: the engine is not ours to measure';
export const GC_HEAD = ['count', 'total', 'longest', 'share'] as const;

export interface GcRow {
  readonly thread: string;
  readonly cells: readonly string[];
  /** By kind, how many and the longest: `scavenge 206 × up to 4.10, mark-compact 4 × up to 5.20`. */
  readonly kinds: string;
}

/** A thread each, longest pause first; milliseconds, and the share of the run. Null: not ours to measure. */
export function gcRows({ gc, samples }: RunResult): GcRow[] | null {
  if (gc === null) return null;
  const runMs = samples.at(-1)?.atMs ?? 0;
  return gc.map(({ thread, count, totalMs, longestMs, kinds }) => ({
    thread,
    cells: [
      formatCount(count),
      formatNumber(totalMs),
      formatNumber(longestMs),
      runMs === 0 ? '–' : `${((totalMs / runMs) * 100).toFixed(2)}%`,
    ],
    kinds: Object.entries(kinds)
      .map(([kind, of]) => {
        return `${GC_NAMES[kind as GcKind]} ${formatCount(of.count)} × up to ${formatNumber(of.longestMs)}`;
      })
      .join(', '),
  }));
}

/** Most frequent first. */
export function codeRows(counts: Readonly<Record<string, number>>): NamedRow[] {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([code, count]) => [code, formatCount(count)]);
}

export function optionRows({ options }: RunResult): NamedRow[] {
  return Object.entries(options).map(([name, value]) => [formatName(name), String(value)]);
}

export interface MoneyTerm {
  readonly name: string;
  readonly sats: number;
  /** Between the term before and this one; empty before the first. */
  readonly sign: string;
  /** Against what has to hold. */
  readonly wrong: boolean;
}

/**
 * What has to be equal, in the order in which a sat goes. Of streams that were cut off before the engine's last word, what was
 * on its way may have arrived or not: where that is all there is (no stream differs), the terms are compared, not blamed.
 */
export function moneyTerms(round: MoneyProof['rounds'][number]): MoneyTerm[] {
  const proven = isRoundProven(round);
  const terms = [
    { name: 'revealed', sats: round.revealedSats },
    { name: 'acknowledged', sats: round.acknowledgedSats },
    { name: 'receipt', sats: round.receiptSats },
    { name: 'divided', sats: round.dividedSats },
  ];
  return terms.map((term, at) => {
    const before = terms[at - 1];
    if (before === undefined) return { ...term, sign: '', wrong: false };
    if (before.sats === term.sats) return { ...term, sign: '=', wrong: false };
    return { ...term, sign: !proven ? '≠' : before.sats > term.sats ? '>' : '<', wrong: !proven };
  });
}

/** `revealed 12,480 = acknowledged 12,480 ≠ receipt 12,479 ...` */
export function moneyEquation(round: MoneyProof['rounds'][number]): string {
  const parts = moneyTerms(round).map(({ name, sats, sign }) => `${sign} ${name} ${formatCount(sats)}`);
  return parts.join(' ').trim();
}

export function isRoundProven({
  receipt,
  differences,
  receiptSats,
  dividedSats,
}: MoneyProof['rounds'][number]): boolean {
  return receipt === 'ok' && differences.length === 0 && receiptSats === dividedSats;
}

/** What else there is to say about a round. */
export function roundNote(round: MoneyProof['rounds'][number]): string {
  const cutOff = isRoundProven(round) && round.revealedSats !== round.acknowledgedSats;
  return [
    `${formatCount(round.streams)} streams`,
    `receipt ${round.receipt === 'ok' ? 'verified' : round.receipt}`,
    ...(cutOff ? ['some were cut off with words on the way'] : []),
  ].join(', ');
}

/** What was measured for a rule, with its unit. */
export function thresholdValue({ rule, value }: ThresholdOutcome): string {
  if (value === null) return 'not measured';
  if (typeof value === 'string') return value;
  const unit = findMetric(/^[\w./ ]*\w/.exec(rule.trim())?.[0] ?? '')?.unit;
  return unit === 'bytes' ? formatBytes(value) : unit === 'ms' ? formatMs(value) : plainNumber(value);
}

function plainNumber(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : formatNumber(value);
}
