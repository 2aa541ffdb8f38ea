/** From values to a verdict: the ratio to the base, and whether a bar is held. Pure. */
import { assert } from '../src/core/assert.ts';
import { median } from './lib/statistics.ts';
import type { Bar, BenchResult } from './report.ts';

/**
 * What a result is judged and compared by, one figure per repeat: ours over the base of the same repeat, which saw the
 * same machine; ours alone where there is no base.
 */
export function figuresOf(result: Pick<BenchResult, 'ours' | 'base'>): readonly number[] {
  const { ours, base } = result;
  if (base === null) return ours;
  assert(base.values.length === ours.length, 'ours and the base are measured in turns');
  return ours.map((value, repeat) => value / (base.values[repeat] ?? Number.NaN));
}

/** Null where there is no base. */
export function ratioOf(result: Pick<BenchResult, 'ours' | 'base'>): number | null {
  return result.base === null ? null : median(figuresOf(result));
}

/** Null where there is no bar. */
export function isHeld(result: Pick<BenchResult, 'name' | 'ours' | 'base' | 'bar'>): boolean | null {
  const { bar, ours } = result;
  if (bar === null) return null;
  const figure = bar.of === 'ratio' ? ratioOf(result) : median(ours);
  assert(figure !== null, `${result.name}: a bar on the ratio needs a base`);
  return bar.is === 'atLeast' ? figure >= bar.limit : figure <= bar.limit;
}

/** 'ratio ≥ 0.95' */
export function describeBar({ of, is, limit }: Bar): string {
  return `${of} ${is === 'atLeast' ? '≥' : '≤'} ${limit.toLocaleString('en-US')}`;
}
