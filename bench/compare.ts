/**
 * What moved between two runs. Where there is a base, ratios are compared, which have the machine's mood divided out;
 * otherwise the values. Moved is what changed by more than 5 % and by more than three times the noise of both runs
 * (median absolute deviations, added). Pure.
 */
import { figuresOf } from './judge.ts';
import { median, medianDeviation } from './lib/statistics.ts';
import type { BenchRun, JudgedResult } from './run-file.ts';

const CHANGE_MIN = 0.05;
const NOISE_FACTOR = 3;
/** With fewer repeats nothing is known about the noise. */
const REPEATS_MIN = 3;

export interface Move {
  readonly name: string;
  readonly verdict: 'better' | 'worse';
  /** 'ratio' or the unit. */
  readonly unit: string;
  readonly before: number;
  readonly after: number;
  /** 0.1: a tenth more than before. */
  readonly change: number;
}

export interface Comparison {
  readonly moved: readonly Move[];
  /** Compared, and within the noise. */
  readonly same: readonly string[];
  /** Could not be compared, with why. */
  readonly unclear: readonly { readonly name: string; readonly why: string }[];
  readonly added: readonly string[];
  /** Results that their bench had and has no more. */
  readonly gone: readonly string[];
  /** Benches of which the later run has nothing. */
  readonly notRun: readonly string[];
  /** Bars that one run holds and the other does not. */
  readonly bars: readonly { readonly name: string; readonly now: 'held' | 'missed' }[];
  /** Why to think twice: another machine, other versions, a quick run. */
  readonly warnings: readonly string[];
}

export function compareRuns(before: BenchRun, after: BenchRun): Comparison {
  const old = new Map(before.results.map((result) => [result.name, result]));
  const names = new Set(after.results.map(({ name }) => name));
  const moved: Move[] = [];
  const same: string[] = [];
  const unclear: { name: string; why: string }[] = [];
  const added: string[] = [];
  const bars: { name: string; now: 'held' | 'missed' }[] = [];
  for (const result of after.results) {
    const { name } = result;
    const was = old.get(name);
    if (was === undefined) {
      added.push(name);
      continue;
    }
    if (was.held !== null && result.held !== null && was.held !== result.held) {
      bars.push({ name, now: result.held ? 'held' : 'missed' });
    }
    const outcome = compareResults(was, result);
    if (typeof outcome === 'object') moved.push(outcome);
    else if (outcome === 'same') same.push(name);
    else unclear.push({ name, why: outcome });
  }
  const ran = new Set(after.results.map(({ name }) => benchOf(name)));
  const missing = before.results.map(({ name }) => name).filter((name) => !names.has(name));
  const gone = missing.filter((name) => ran.has(benchOf(name)));
  const notRun = [...new Set(missing.map(benchOf))].filter((bench) => !ran.has(bench));
  return { moved, same, unclear, added, gone, notRun, bars, warnings: warningsOf(before, after) };
}

/** 'hop' of 'hop/latency'. */
function benchOf(name: string): string {
  return name.replace(/\/.*/, '');
}

/** A move, 'same', or why that cannot be said. */
function compareResults(was: JudgedResult, is: JudgedResult): Move | string {
  if (was.unit !== is.unit || was.better !== is.better) return `${was.unit} became ${is.unit}`;
  if (was.base?.name !== is.base?.name) return 'measured against another base';
  const [old, now] = [figuresOf(was), figuresOf(is)];
  if (Math.min(old.length, now.length) < REPEATS_MIN) return `fewer than ${REPEATS_MIN} repeats`;
  const [before, after] = [median(old), median(now)];
  const noise = NOISE_FACTOR * (medianDeviation(old) + medianDeviation(now));
  const difference = Math.abs(after - before);
  if (difference <= noise || difference <= CHANGE_MIN * Math.abs(before)) return 'same';
  return {
    name: is.name,
    verdict: after > before === (is.better === 'more') ? 'better' : 'worse',
    unit: is.base === null ? is.unit : 'ratio',
    before,
    after,
    change: after / before - 1,
  };
}

function warningsOf(before: BenchRun, after: BenchRun): string[] {
  const warnings: string[] = [];
  for (const field of ['cpu', 'cores', 'memoryBytes', 'kernel'] as const) {
    const [was, is] = [before.machine[field], after.machine[field]];
    if (was !== is) warnings.push(`the machines differ: ${field} ${was} and ${is}`);
  }
  for (const name of new Set([...Object.keys(before.versions), ...Object.keys(after.versions)])) {
    const [was = 'none', is = 'none'] = [before.versions[name], after.versions[name]];
    if (was !== is) warnings.push(`${name} ${was} became ${is}`);
  }
  for (const [which, run] of [
    ['old', before],
    ['new', after],
  ] as const) {
    if (run.quick) warnings.push(`the ${which} run was a quick one: its figures mean nothing`);
    for (const name of Object.keys(run.failed)) warnings.push(`${name} failed in the ${which} run`);
  }
  return warnings;
}
