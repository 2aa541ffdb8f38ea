/**
 * Edge, shard and back: words from the engine's EdgeLink to the ledger of a round with many streams, over MessagePorts
 * (what the engine uses) and over a ring in shared memory (what it could use). Each side of each repeat in a process of
 * its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from '../lib/child.ts';
import { interleave } from '../lib/interleave.ts';
import type { Bench, BenchContext, BenchResult } from '../report.ts';
import type { FloodFigures, HopCalls, PaceFigures, Transport } from './hop-process.ts';

const HOP_PROCESS = new URL('./hop-process.ts', import.meta.url);
const LEDGER_PER_SECOND_MIN = 10_000_000;
const PACE_PER_SECOND = 100_000;
const HOP_P99_MS_MAX = 2;
/** Longer than a run: no save ends in it. */
const NO_SAVES_MS = 600_000;
/** Until what waited for the saves before is through. */
const SETTLE_MS = 200;

interface Size {
  readonly streams: number;
  readonly warmUpPayments: number;
  readonly payments: number;
  readonly paceSeconds: number;
}

const FULL: Size = { streams: 15_000, warmUpPayments: 3_000_000, payments: 20_000_000, paceSeconds: 5 };
const QUICK: Size = { streams: 15_000, warmUpPayments: 600_000, payments: 1_500_000, paceSeconds: 1 };

interface Run {
  readonly paced: PaceFigures;
  readonly saved: FloodFigures;
  readonly unsaved: FloodFigures;
}

async function runOnce(transport: Transport, size: Size): Promise<Run> {
  const child = await startChild<HopCalls>(HOP_PROCESS);
  try {
    await child.call('start', { transport, streams: size.streams });
    const warm = await child.call('flood', { payments: size.warmUpPayments, saveDelayMs: 0 });
    await sleep(SETTLE_MS);
    const paced = await child.call('pace', { perSecond: PACE_PER_SECOND, seconds: size.paceSeconds });
    const saved = await child.call('flood', { payments: size.payments / 4, saveDelayMs: 0 });
    await sleep(SETTLE_MS);
    const unsaved = await child.call('flood', { payments: size.payments, saveDelayMs: NO_SAVES_MS });
    const sent = [warm, paced, saved, unsaved].reduce((sum, { payments }) => sum + payments, 0);
    await checkLedger(child, size.streams, sent);
    return { paced, saved, unsaved };
  } finally {
    await child.stop();
  }
}

async function applyOnce(size: Size): Promise<number> {
  const child = await startChild<HopCalls>(HOP_PROCESS);
  try {
    return await child.call('apply', size);
  } finally {
    await child.stop();
  }
}

/** Each word is worth a sat: figures of words that did not count would be worth nothing. */
async function checkLedger(child: Child<HopCalls>, streams: number, sent: number): Promise<void> {
  const ledger = await child.call('ledger');
  if (ledger.streams === streams && ledger.paidSats === sent) return;
  throw new Error(`sent ${sent} words of ${streams} streams, on the ledger are ${JSON.stringify(ledger)}`);
}

async function run(context: BenchContext): Promise<readonly BenchResult[]> {
  const size = context.quick ? QUICK : FULL;
  const apply: number[] = [];
  const { port, ring } = await interleave(context.repeats, {
    port: async (repeat) => {
      apply.push(await applyOnce(size));
      context.say(`repeat ${repeat + 1}`);
      return await runOnce('port', size);
    },
    ring: () => runOnce('ring', size),
  });
  const ringOf = (value: (run: Run) => number): BenchResult['base'] => ({
    name: 'ring in shared memory',
    values: ring.map(value),
  });
  const rate = (pick: (run: Run) => FloodFigures) => (one: Run) =>
    pick(one).payments / (pick(one).elapsedMs / 1000);
  const last = port.at(-1) as Run;
  return [
    {
      name: 'hop/ledger',
      what: `Words from one edge thread's EdgeLink over a MessagePort to the ledger of one round with ${size.streams} streams, as fast as they go; the store is busy, so nothing is saved or acknowledged meanwhile.`,
      unit: 'payments/s',
      better: 'more',
      ours: port.map(rate((one) => one.unsaved)),
      base: ringOf(rate((one) => one.unsaved)),
      bar: { of: 'value', is: 'atLeast', limit: LEDGER_PER_SECOND_MIN },
      details: cpuDetails(last.unsaved),
    },
    {
      name: 'hop/ledger-saved',
      what: 'The same while the round encodes a segment or a snapshot every 25 ms and acknowledges every stream, with a store that answers at once.',
      unit: 'payments/s',
      better: 'more',
      ours: port.map(rate((one) => one.saved)),
      base: ringOf(rate((one) => one.saved)),
      bar: null,
      details: cpuDetails(last.saved),
    },
    {
      name: 'hop/latency',
      what: `From an edge's flush until it has the credit that says that the words are on the ledger: p99 of words at ${PACE_PER_SECOND} a second, one batch each loop turn (about a millisecond), the round saving and acknowledging all the while.`,
      unit: 'ms',
      better: 'less',
      ours: port.map(({ paced }) => paced.p99Ms),
      base: ringOf(({ paced }) => paced.p99Ms),
      bar: { of: 'value', is: 'atMost', limit: HOP_P99_MS_MAX },
      details: { p50Ms: last.paced.p50Ms, maxMs: last.paced.maxMs, ...cpuDetails(last.paced) },
    },
    {
      name: 'hop/apply',
      what: 'One word on the ledger in a step of the round, without threads: a batch with one word of each stream.',
      unit: 'ns',
      better: 'less',
      ours: apply,
      base: null,
      bar: { of: 'value', is: 'atMost', limit: 1e9 / LEDGER_PER_SECOND_MIN },
      details: { streams: size.streams },
    },
  ];
}

function cpuDetails(figures: {
  readonly payments: number;
  readonly edgeCpuNs: number;
  readonly shardCpuNs: number;
}): Record<string, number> {
  const { payments, edgeCpuNs, shardCpuNs } = figures;
  return { edgeNsPerPayment: edgeCpuNs / payments, shardNsPerPayment: shardCpuNs / payments };
}

export const hop: Bench = {
  name: 'hop',
  what: 'words from an edge thread to the ledger and back, MessagePorts against a ring in shared memory',
  run,
};
