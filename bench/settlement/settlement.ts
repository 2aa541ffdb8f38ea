/**
 * Settlement: from the statement of a round that is over to its transactions accepted by the development chain, with
 * the real service, LMDB store, build thread and chain. Every repeat is a process of its own, which settles a small round
 * first.
 *
 * Two sizes of "20,000 payees". A round divides among at most some sixty payees, but settles every viewer: each hold is
 * closed, the rest given back, the stream becomes a leaf of the tree. That is `settlement/viewers`. And 20,000 outputs,
 * ten full transactions, planned, built, signed, stored, accepted and booked: `settlement/outputs`, below the planner.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../lib/child.ts';
import { median } from '../lib/statistics.ts';
import type { Bench, BenchContext, BenchResult } from '../report.ts';
import type { Parts } from './parts.ts';
import type { SettlementCalls } from './settlement-process.ts';

const PAYEES = 20_000;
const PAYEES_QUICK = 1_000;
const LIMIT_MS = 1_000;

export const settlement: Bench = {
  name: 'settlement',
  what: `${PAYEES.toLocaleString('en-US')} payees, from the plan to accepted by the chain`,
  run,
};

async function run(context: BenchContext): Promise<readonly BenchResult[]> {
  const payees = context.quick ? PAYEES_QUICK : PAYEES;
  const viewers: Parts[] = [];
  const outputs: Parts[] = [];
  for (let repeat = 0; repeat < context.repeats; repeat++) {
    const measured = await settleOnce(payees);
    context.say(`repeat ${repeat + 1}: ${describe(measured.viewers)}; ${describe(measured.outputs)}`);
    viewers.push(measured.viewers);
    outputs.push(measured.outputs);
  }
  const count = payees.toLocaleString('en-US');
  return [
    result('viewers', `One round of ${count} paying viewers through the settlement service`, viewers),
    result('outputs', `${count} payees with an output each, in full transactions`, outputs),
  ];
}

async function settleOnce(payees: number): Promise<{ viewers: Parts; outputs: Parts }> {
  const directory = await mkdtemp(join(tmpdir(), 'ringside-bench-'));
  const child = await startChild<SettlementCalls>(new URL('./settlement-process.ts', import.meta.url));
  try {
    await child.call('open', { directory });
    await child.call('viewers', { count: Math.ceil(payees / 10) });
    await child.call('outputs', { count: Math.ceil(payees / 10) });
    return {
      viewers: await child.call('viewers', { count: payees }),
      outputs: await child.call('outputs', { count: payees }),
    };
  } finally {
    await child.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function result(name: string, what: string, repeats: readonly Parts[]): BenchResult {
  const names = Object.keys(repeats[0] ?? {});
  const medianOf = (part: string): number => median(repeats.map((parts) => parts[part] ?? 0));
  return {
    name: `settlement/${name}`,
    what: `${what}: planned, built, signed, durable, accepted by the development chain and booked.`,
    unit: 'ms',
    better: 'less',
    ours: repeats.map((parts) => totalMs(parts)),
    base: null,
    bar: { of: 'value', is: 'atMost', limit: LIMIT_MS },
    details: Object.fromEntries(names.map((part) => [`${part} ms`, medianOf(part)])),
  };
}

function totalMs(parts: Parts): number {
  return Object.values(parts).reduce((sum, ms) => sum + ms, 0);
}

function describe(parts: Parts): string {
  const each = Object.entries(parts).map(([name, ms]) => `${name} ${ms.toFixed(0)}`);
  return `${totalMs(parts).toFixed(0)} ms (${each.join(', ')})`;
}
