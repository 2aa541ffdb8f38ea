/**
 * Whether the engine's CPU grows faster than what it serves: per viewer with 1,000 to 15,000 of them in one round, and
 * with the same number of viewers in 1 to 1,000 rounds. Everybody pays a word a second; with one round a gift every two
 * seconds makes the same frames at every size. CPU is that of the whole process, collector and all, by the kernel's
 * books, over some seconds of steady state; each point has an engine and a crowd of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../loadtest/generator/monotonic.ts';
import { quantile } from '../lib/statistics.ts';
import { startCrowd } from '../live/crowd.ts';
import { type CpuMs, LiveEngine } from '../live/engine.ts';
import { benchRounds } from '../live/terms.ts';
import type { Bench, BenchContext, BenchResult } from '../report.ts';

const RATIO_MAX = 1.1;
const SIZES = [1_000, 5_000, 15_000];
const SIZES_QUICK = [100, 200];
const ROUNDS = [1, 10, 100, 1_000];
const ROUNDS_QUICK = [1, 10];
const VIEWERS_IN_ROUNDS = 5_000;
const VIEWERS_IN_ROUNDS_QUICK = 100;
const SETTLE_MS = 5_000;
const WINDOW_MS = 10_000;
const QUICK_MS = 1_500;
const GIFT_EVERY_MS = 2_000;

interface Scene {
  readonly viewers: number;
  readonly rounds: number;
  readonly gifts: boolean;
}

interface Reading {
  /** Of the engine's process, ms a second. */
  readonly cpu: number;
  /** Shares of it by thread, ms a second. */
  readonly byThread: Readonly<Record<string, number>>;
  /** Frames to each viewer a second. */
  readonly deliveries: number;
  /** Words to each viewer's stream a second: below 1 the machine could not hold the load. */
  readonly words: number;
}

export const growth: Bench = {
  name: 'growth',
  what: 'CPU of the engine per viewer and per round as they grow in number',
  async run(context) {
    const { quick } = context;
    const sizes = (quick ? SIZES_QUICK : SIZES).map((viewers) => ({ viewers, rounds: 1, gifts: true }));
    const rounds = quick ? ROUNDS_QUICK : ROUNDS;
    const viewers = quick ? VIEWERS_IN_ROUNDS_QUICK : VIEWERS_IN_ROUNDS;
    const shared = rounds.map((count) => ({ viewers, rounds: count, gifts: false }));
    const empty = rounds.map((count) => ({ viewers: 0, rounds: count, gifts: false }));
    const scenes: readonly Scene[] = [...sizes, ...shared, ...empty];
    const readings = new Map<Scene, Reading[]>(scenes.map((scene) => [scene, []]));
    for (let repeat = 0; repeat < context.repeats; repeat++) {
      for (const scene of repeat % 2 === 0 ? scenes : scenes.toReversed()) {
        readings.get(scene)?.push(await measure(context, scene));
      }
    }
    return [
      ...perViewer(readings, sizes, ({ viewers: count }) => `${count}-viewers`),
      ...perViewer(readings, shared, ({ rounds: count }) => `${count}-rounds`),
      perEmptyRound(readings, empty),
    ];
  },
};

async function measure({ quick, say }: BenchContext, scene: Scene): Promise<Reading> {
  const engine = await LiveEngine.start();
  let crowd: Awaited<ReturnType<typeof startCrowd>> | null = null;
  try {
    const rounds = benchRounds(scene.rounds);
    await engine.calls.call('createRounds', rounds);
    crowd = await startCrowd(engine, { viewers: scene.viewers, rounds, watchSeconds: 120, gifts: 100 });
    await crowd.call('connect', scene.viewers);
    await crowd.call('pay', true);
    await crowd.call('giftEvery', scene.gifts ? GIFT_EVERY_MS : null);
    await sleep(quick ? QUICK_MS : SETTLE_MS);

    const [before, counts, fromMs] = [await engine.cpuMs(), await crowd.call('counts'), monotonicMs()];
    await sleep(quick ? QUICK_MS : WINDOW_MS);
    const [after, now, toMs] = [await engine.cpuMs(), await crowd.call('counts'), monotonicMs()];
    if (now.lost > 0 || Object.keys(now.failures).length > 0) {
      throw new Error(`viewers were lost or refused: ${now.lost}, ${JSON.stringify(now.failures)}`);
    }
    const seconds = (toMs - fromMs) / 1_000;
    const each = (count: number): number => count / seconds / Math.max(1, scene.viewers);
    const reading = {
      ...spent(before, after, seconds),
      deliveries: each(now.deliveries - counts.deliveries),
      words: each(now.words - counts.words),
    };
    say(`${scene.viewers} viewers, ${scene.rounds} rounds: ${reading.cpu.toFixed(1)} ms of CPU a second`);
    return reading;
  } finally {
    await crowd?.stop();
    await engine.stop();
  }
}

function spent(before: CpuMs, after: CpuMs, seconds: number): Pick<Reading, 'cpu' | 'byThread'> {
  const byThread: Record<string, number> = {};
  for (const kind of Object.keys(after) as (keyof CpuMs)[]) {
    byThread[kind] = (after[kind] - before[kind]) / seconds;
  }
  return { byThread, cpu: Object.values(byThread).reduce((sum, ms) => sum + ms, 0) };
}

/** Each scene beside the first one. */
function perViewer(
  readings: ReadonlyMap<Scene, readonly Reading[]>,
  scenes: readonly Scene[],
  nameOf: (scene: Scene) => string,
): readonly BenchResult[] {
  const us = (scene: Scene): number[] =>
    (readings.get(scene) ?? []).map(({ cpu }) => (1_000 * cpu) / scene.viewers);
  const [first] = scenes;
  return scenes.map((scene) => ({
    name: `growth/${nameOf(scene)}`,
    what: `CPU of the engine per viewer, ${scene.viewers} viewers in ${scene.rounds} rounds who pay every second`,
    unit: 'µs/viewer/second',
    better: 'less',
    ours: us(scene),
    base: first === undefined || first === scene ? null : { name: nameOf(first), values: us(first) },
    bar: first === scene ? null : { of: 'ratio', is: 'atMost', limit: RATIO_MAX },
    details: detailsOf(readings.get(scene) ?? []),
  }));
}

function perEmptyRound(
  readings: ReadonlyMap<Scene, readonly Reading[]>,
  scenes: readonly Scene[],
): BenchResult {
  const most = scenes.reduce((a, b) => (b.rounds > a.rounds ? b : a));
  const fewest = scenes.reduce((a, b) => (b.rounds < a.rounds ? b : a));
  const cpuOf = (scene: Scene): number[] => (readings.get(scene) ?? []).map(({ cpu }) => cpu);
  const idle = cpuOf(fewest);
  const more = most.rounds - fewest.rounds;
  return {
    name: 'growth/empty-round',
    what: `CPU of the engine per live round without viewers: what ${most.rounds} cost beyond ${fewest.rounds}`,
    unit: 'µs/round/second',
    better: 'less',
    ours: cpuOf(most).map((cpu, repeat) => (1_000 * (cpu - (idle[repeat] ?? 0))) / more),
    base: null,
    bar: null,
    details: Object.fromEntries(
      scenes.map((scene) => [`ms/s with ${scene.rounds} rounds`, middle(cpuOf(scene))]),
    ),
  };
}

function detailsOf(readings: readonly Reading[]): Record<string, number> {
  const threads = Object.keys(readings[0]?.byThread ?? {});
  return {
    ...Object.fromEntries(
      threads.map((thread) => [
        `${thread} ms/s`,
        middle(readings.map(({ byThread }) => byThread[thread] ?? 0)),
      ]),
    ),
    'words/viewer/s': middle(readings.map(({ words }) => words)),
    'deliveries/viewer/s': middle(readings.map(({ deliveries }) => deliveries)),
  };
}

function middle(values: readonly number[]): number {
  return Number(quantile(values, 0.5).toFixed(2));
}
