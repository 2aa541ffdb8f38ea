/**
 * What a run shows of itself while it goes on: lines made of samples, and nothing else. Who writes them to a terminal,
 * and how they replace each other, is `cli/screen.ts`.
 */
import type { Sample } from '../run-result.ts';
import { formatBytes, formatCores, formatCount, formatMs, formatNumber, formatSeconds } from './format.ts';
import type { Paint } from './paint.ts';
import { sparkline } from './sparkline.ts';

export interface LivePlan {
  readonly viewers: number;
  readonly rampSeconds: number;
  readonly seconds: number;
}

export interface LiveView {
  readonly plan: LivePlan;
  /** All so far. */
  readonly samples: readonly Sample[];
  /** Cells of the terminal in one line; no line is longer. */
  readonly width: number;
  readonly paint: Paint;
}

/** Above this the generator is late enough to show in the figures it measures. */
const LAG_WARN_MS = 50;
const LABEL = 11;
const GAP = '   ';
const BAR_MAX = 40;
const SPARK_MAX = 60;

/** A block to be redrawn; empty before the first sample. */
export function liveLines({ plan, samples, width, paint }: LiveView): string[] {
  const now = samples.at(-1);
  if (now === undefined) return [];
  const line = (label: string, cells: readonly Cell[]): string => fit(label, cells, width, paint);
  return [
    progressLine(plan, now, width, paint),
    line('viewers', [
      [`${formatCount(now.connected)} of ${formatCount(plan.viewers)}`],
      [`errors ${formatCount(errorsOf(samples))}`, errorsOf(samples) > 0 ? 'bad' : 'quiet'],
    ]),
    line('traffic', [
      [`${formatCount(now.paymentsPerSecond)} payments/s`],
      [`${formatCount(now.deliveriesPerSecond)} deliveries/s`],
      [`words asked every ${formatSeconds(now.payEveryMs)}`, now.payEveryMs > 1_000 ? 'warn' : 'quiet'],
    ]),
    line('gift', giftCells(now)),
    line('p99', [
      [
        sparkline(
          samples.map(({ gift }) => gift?.p99Ms ?? null),
          Math.min(SPARK_MAX, width - LABEL),
        ),
        'quiet',
      ],
    ]),
    line('engine', [
      [now.engineCores === null ? 'not ours to measure' : `${formatCores(now.engineCores)} cores`],
      [now.engineBytes === null ? '' : formatBytes(now.engineBytes)],
    ]),
    line('generator', [
      [`${formatCores(now.generatorCores)} cores`],
      [`lag ${formatMs(now.generatorLagMs)}`, now.generatorLagMs > LAG_WARN_MS ? 'bad' : 'quiet'],
    ]),
  ];
}

/** One second in one line, for logs. */
export function plainLine(plan: LivePlan, samples: readonly Sample[]): string {
  const now = samples.at(-1);
  if (now === undefined) return '';
  const { gift, engineCores, engineBytes } = now;
  return [
    `${formatSeconds(Math.round(now.atMs / 1_000) * 1_000)} ${now.phase}`,
    `${formatCount(now.connected)}/${formatCount(plan.viewers)} viewers`,
    `${formatCount(now.paymentsPerSecond)} payments/s`,
    `${formatCount(now.deliveriesPerSecond)} deliveries/s`,
    gift === null
      ? 'no gift yet'
      : `gift p50 ${formatNumber(gift.p50Ms)} p99 ${formatNumber(gift.p99Ms)} max ${formatMs(gift.maxMs)}`,
    `${formatCount(errorsOf(samples))} errors`,
    ...(engineCores === null ? [] : [`engine ${formatCores(engineCores)} cores`]),
    ...(engineBytes === null ? [] : [formatBytes(engineBytes)]),
    `generator ${formatCores(now.generatorCores)} cores, lag ${formatMs(now.generatorLagMs)}`,
    `words every ${formatSeconds(now.payEveryMs)}`,
  ].join(' | ');
}

type Cell = readonly [text: string, role?: Parameters<Paint>[0]];

function giftCells({ gift }: Sample): Cell[] {
  if (gift === null) return [['none in this second', 'quiet']];
  return [
    [`p50 ${formatNumber(gift.p50Ms)}`],
    [`p99 ${formatNumber(gift.p99Ms)}`, 'strong'],
    [`max ${formatMs(gift.maxMs)}`],
  ];
}

function errorsOf(samples: readonly Sample[]): number {
  return samples.reduce((sum, { errors }) => sum + errors, 0);
}

function progressLine(plan: LivePlan, now: Sample, width: number, paint: Paint): string {
  const total = plan.rampSeconds + plan.seconds;
  const done = now.phase === 'drain' ? total : Math.min(total, now.atMs / 1_000);
  const time = now.phase === 'drain' ? 'load is over' : `${Math.round(done)} of ${Math.round(total)} s`;
  const room = Math.max(0, Math.min(BAR_MAX, width - LABEL - time.length - GAP.length));
  const full = total === 0 ? room : Math.round((done / total) * room);
  const bar = `${'█'.repeat(full)}${'░'.repeat(room - full)}`;
  return fit(now.phase, [[time], [bar, now.phase === 'load' ? 'good' : 'warn']], width, paint);
}

/** Cells after a label, as many as have room; widths are counted before colours come in. */
function fit(label: string, cells: readonly Cell[], width: number, paint: Paint): string {
  const start = ` ${label.padEnd(LABEL - 1)}`;
  let text = paint('quiet', start.slice(0, Math.max(0, width)));
  let used = start.length;
  for (const [cell, role] of cells) {
    const gap = cell === '' || used === start.length ? '' : GAP;
    if (used + gap.length + cell.length > width) break;
    text += gap + (role === undefined ? cell : paint(role, cell));
    used += gap.length + cell.length;
  }
  return text;
}
