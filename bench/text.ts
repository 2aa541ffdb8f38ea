/** What people read: the table of a run, and of a comparison. */
import { table } from '../src/cli/terminal.ts';
import type { Comparison } from './compare.ts';
import { describeBar } from './judge.ts';
import { median, medianDeviation } from './lib/statistics.ts';
import type { BenchRun, JudgedResult } from './run-file.ts';

/** Three digits, or all of a large integer: 0.953, 12.4, 1,234,567. */
export function figure(value: number): string {
  const size = Math.abs(value);
  const maximumFractionDigits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', { maximumFractionDigits });
}

export function percent(share: number): string {
  return `${share >= 0 ? '+' : '−'}${Math.abs(100 * share).toFixed(1)} %`;
}

/** The median, and how far the repeats are from it. */
function spread(values: readonly number[]): string {
  const middle = median(values);
  if (values.length < 2 || middle === 0) return figure(middle);
  return `${figure(middle)} ±${((100 * medianDeviation(values)) / Math.abs(middle)).toFixed(0)}%`;
}

function verdict({ held }: JudgedResult): string {
  if (held === null) return '';
  return held ? 'held' : 'MISSED';
}

export function resultsText(results: readonly JudgedResult[]): string {
  const rows = results.map((result) => [
    result.name,
    spread(result.ours),
    result.base === null ? '' : spread(result.base.values),
    result.unit,
    result.ratio === null ? '' : figure(result.ratio),
    result.bar === null ? '' : describeBar(result.bar),
    verdict(result),
  ]);
  return table([['name', 'ours', 'base', 'unit', 'ratio', 'bar', ''], ...rows]);
}

/** What stands behind the figures of one result. */
export function detailsText(result: JudgedResult): string {
  const base = result.base === null ? '' : ` Base: ${result.base.name}.`;
  const details = Object.entries(result.details).map(([name, value]) => `${name} ${formatDetail(value)}`);
  return [`${result.name}: ${result.what}${base}`, ...details.map((line) => `    ${line}`)].join('\n');
}

function formatDetail(value: number | string): string {
  return typeof value === 'number' ? figure(value) : value;
}

export function summaryText({ results, failed, machine, commit, quick }: BenchRun): string {
  const held = results.filter((result) => result.held === true).length;
  const missed = results.filter((result) => result.held === false).map(({ name }) => name);
  const lines = [
    `${results.length} results at ${commit} on ${machine.cpu}, ${machine.cores} cores (load ${figure(machine.loadAverage)} before).`,
    `Bars: ${held} held, ${missed.length} missed${missed.length === 0 ? '' : `: ${missed.join(', ')}`}.`,
  ];
  for (const [name, why] of Object.entries(failed)) lines.push(`FAILED ${name}: ${why}`);
  if (quick) lines.push('A quick run: the figures show that it works, nothing else.');
  return lines.join('\n');
}

export function comparisonText(comparison: Comparison): string {
  const { moved, same, unclear, added, gone, notRun, bars, warnings } = comparison;
  const lines = warnings.map((warning) => `Warning: ${warning}.`);
  for (const { name, now } of bars) lines.push(`Bar ${now === 'held' ? 'held now' : 'MISSED now'}: ${name}`);
  const rows = moved.map((move) => [
    move.verdict,
    move.name,
    `${figure(move.before)} → ${figure(move.after)} ${move.unit}`,
    percent(move.change),
  ]);
  if (rows.length > 0) lines.push(table(rows));
  if (added.length > 0) lines.push(`New: ${added.join(', ')}`);
  if (gone.length > 0) lines.push(`Gone: ${gone.join(', ')}`);
  if (notRun.length > 0) lines.push(`Not run again: ${notRun.join(', ')}`);
  for (const { name, why } of unclear) lines.push(`Not compared: ${name} (${why})`);
  lines.push(`${moved.length} moved beyond noise, ${same.length} did not.`);
  return lines.join('\n');
}
