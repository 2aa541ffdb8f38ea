/** The functions that everything is made of, each beside the bare library where there is one. */
import { startChild } from '../lib/child.ts';
import { interleave } from '../lib/interleave.ts';
import { median } from '../lib/statistics.ts';
import type { Bench, BenchContext, BenchResult } from '../report.ts';
import { type Case, UNITS_PER_MS } from './case.ts';
import { CASES } from './cases.ts';
import type { FunctionCalls, TaskOrder } from './functions-process.ts';

const TIME_MS = 400;
const TIME_QUICK_MS = 20;

export const functions: Bench = {
  name: 'functions',
  what: 'words, commitments, codecs, ledger, round, snapshots, settlement: the time of one call',
  run: async (context) => {
    const results: BenchResult[] = [];
    for (const each of CASES) results.push(await resultOf(each, context));
    return results;
  },
};

async function resultOf(each: Case, { repeats, quick, say }: BenchContext): Promise<BenchResult> {
  const { name, what, unit } = each;
  const timeMs = quick ? TIME_QUICK_MS : TIME_MS;
  const side = (of: TaskOrder['side']) => (): Promise<number> => measure({ name, side: of, timeMs });
  const sides: Record<string, () => Promise<number>> = { ours: side('ours') };
  if (each.base !== undefined) sides['base'] = side('base');
  const { ours = [], base: beside } = await interleave(repeats, sides);
  say(`${name}: ${median(ours).toPrecision(3)} ${unit}`);
  return {
    name: `functions/${name}`,
    what,
    unit,
    better: 'less',
    ours,
    base: each.base === undefined || beside === undefined ? null : { name: each.base.name, values: beside },
    bar: null,
    details: { 'per second': (1_000 * UNITS_PER_MS[unit]) / median(ours) },
  };
}

async function measure(order: TaskOrder): Promise<number> {
  const child = await startChild<FunctionCalls>(new URL('./functions-process.ts', import.meta.url));
  try {
    return await child.call('measure', order);
  } finally {
    await child.stop();
  }
}
