/**
 * State frames of a round to many followers through one edge thread of a real engine, beside a bare uWebSockets.js
 * server that publishes the same frames at the same distances. By turns: gifts are given for some seconds, what the
 * first follower got is noted, then the bare server publishes just that.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Bare } from '../bare/bare.ts';
import { Crowd } from '../ingest/crowd.ts';
import { type Child, startChild } from '../lib/child.ts';
import { threadCpuNs } from '../lib/thread-cpu.ts';
import { LiveEngine } from '../live/engine.ts';
import { benchRounds } from '../live/terms.ts';
import type { Bench, BenchContext, BenchResult } from '../report.ts';
import type { Received, ReceiverCalls, SeenFrame } from './receiver-process.ts';

const RATIO_MIN = 0.95;
/** A gift each time; frames with events are at least so far apart. */
const GIFT_EVERY_MS = 50;
/** They take turns: each waits for its acknowledgement before the next. */
const GIVERS = 8;
/** After the last gift, until the last frame is with everybody. */
const DRAIN_MS = 500;

interface Size {
  readonly followers: readonly number[];
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

const FULL: Size = { followers: [2_000, 10_000], warmUpSeconds: 3, seconds: 5 };
const QUICK: Size = { followers: [200], warmUpSeconds: 1, seconds: 1 };

/** One turn of one server. */
interface Turn {
  readonly deliveries: number;
  readonly cpuNs: number;
  readonly frames: readonly SeenFrame[];
}

class Rig {
  readonly #engine: LiveEngine;
  readonly #edge: { readonly pid: number; readonly threadId: number };
  readonly #givers: Crowd;
  readonly #bare: Bare;
  readonly #followers: Child<ReceiverCalls>;
  readonly #bareFollowers: Child<ReceiverCalls>;
  readonly #count: number;

  static async start(count: number, gifts: number): Promise<Rig> {
    const engine = await LiveEngine.start();
    const [terms] = benchRounds(1);
    if (terms === undefined) throw new Error('there is no round');
    await engine.calls.call('createRounds', [terms]);
    const edge = (await engine.probe('threadId')).find(({ kind }) => kind === 'edge');
    if (edge === undefined) throw new Error('there is no edge');
    const givers = await Crowd.gather({ engine, terms, viewers: GIVERS, words: gifts });
    const bare = await Bare.start();
    const script = new URL('./receiver-process.ts', import.meta.url);
    const followers = await startChild<ReceiverCalls>(script);
    const bareFollowers = await startChild<ReceiverCalls>(script);
    await followers.call('connect', { port: engine.edgePort, round: terms.roundId, count });
    await bareFollowers.call('connect', { port: bare.port, round: null, count });
    const ours = { pid: engine.calls.pid, threadId: edge.answer };
    return new Rig({ engine, edge: ours, givers, bare, followers, bareFollowers, count });
  }

  private constructor(parts: {
    engine: LiveEngine;
    edge: { readonly pid: number; readonly threadId: number };
    givers: Crowd;
    bare: Bare;
    followers: Child<ReceiverCalls>;
    bareFollowers: Child<ReceiverCalls>;
    count: number;
  }) {
    this.#engine = parts.engine;
    this.#edge = parts.edge;
    this.#givers = parts.givers;
    this.#bare = parts.bare;
    this.#followers = parts.followers;
    this.#bareFollowers = parts.bareFollowers;
    this.#count = parts.count;
  }

  /** Gifts at their distances for so long, and what that was for the edge. */
  async give(seconds: number): Promise<Turn> {
    const { viewers } = this.#givers;
    return await this.#turn(this.#edge, this.#followers, async () => {
      const startedMs = performance.now();
      for (let no = 0; no * GIFT_EVERY_MS < seconds * 1_000; no++) {
        await until(startedMs + no * GIFT_EVERY_MS);
        viewers[no % viewers.length]?.gift(no % 2, 1, performance.now());
      }
    });
  }

  /** The same frames once more, from the bare server. */
  async replay(frames: readonly SeenFrame[]): Promise<Turn> {
    return await this.#turn(this.#bare, this.#bareFollowers, async () => {
      const startedMs = performance.now();
      for (const { atMs, bytes } of frames) {
        await until(startedMs + atMs);
        await this.#bare.calls.call('publish', bytes);
      }
    });
  }

  /** Throws unless every gift is on the ledger. */
  async check(): Promise<void> {
    const { sentSats, paidSats } = await this.#givers.leave();
    const { failures } = this.#givers;
    if (failures.length > 0) throw new Error(`${failures.length} failures: ${failures[0]}`);
    if (sentSats !== paidSats) throw new Error(`${paidSats} of ${sentSats} sats are on the ledger`);
  }

  async stop(): Promise<void> {
    await this.#followers.stop();
    await this.#bareFollowers.stop();
    await this.#engine.stop();
    await this.#bare.stop();
  }

  async #turn(
    server: { readonly pid: number; readonly threadId: number },
    followers: Child<ReceiverCalls>,
    act: () => Promise<void>,
  ): Promise<Turn> {
    await followers.call('reset');
    const beforeNs = threadCpuNs(server.pid, server.threadId);
    await act();
    await until(performance.now() + DRAIN_MS);
    const cpuNs = threadCpuNs(server.pid, server.threadId) - beforeNs;
    const { frames, lost, seen }: Received = await followers.call('received');
    if (lost > 0) throw new Error(`${lost} followers lost their connection`);
    if (frames !== seen.length * this.#count) {
      throw new Error(`${frames} deliveries of ${seen.length} frames to ${this.#count} followers`);
    }
    return { deliveries: frames, cpuNs, frames: seen };
  }
}

async function until(timeMs: number): Promise<void> {
  const waitMs = timeMs - performance.now();
  if (waitMs > 0) await sleep(waitMs);
}

async function runWith(followers: number, size: Size, context: BenchContext): Promise<BenchResult> {
  // Of one giver: every turn begins with the first of them.
  const inTurn = (seconds: number): number => Math.ceil((seconds * 1_000) / GIFT_EVERY_MS / GIVERS);
  const rig = await Rig.start(followers, inTurn(size.warmUpSeconds) + context.repeats * inTurn(size.seconds));
  const ours: Turn[] = [];
  const bare: Turn[] = [];
  try {
    await rig.replay((await rig.give(size.warmUpSeconds)).frames);
    for (let no = 0; no < context.repeats; no++) {
      const turn = await rig.give(size.seconds);
      ours.push(turn);
      bare.push(await rig.replay(turn.frames));
      context.say(`${followers} followers, ${no + 1}: ${turn.frames.length} frames, all delivered`);
    }
    await rig.check();
  } finally {
    await rig.stop();
  }
  const last = ours.at(-1);
  const bytes = last?.frames.reduce((sum, frame) => sum + frame.bytes.length, 0) ?? 0;
  return {
    name: `fan-out/${followers}`,
    what: `State frames of a round with a gift every ${GIFT_EVERY_MS} ms to ${followers} followers, beside bare publish of the same frames at the same times.`,
    unit: 'deliveries/cpu-second',
    better: 'more',
    ours: ours.map(perCpuSecond),
    base: { name: 'bare uWebSockets.js publish', values: bare.map(perCpuSecond) },
    bar: { of: 'ratio', is: 'atLeast', limit: RATIO_MIN },
    details: {
      frames: last?.frames.length ?? 0,
      framesPerSecond: (last?.frames.length ?? 0) / size.seconds,
      bytesPerFrame: bytes / (last?.frames.length ?? 1),
      nsPerDelivery: 1e9 / perCpuSecond(last),
      bareNsPerDelivery: 1e9 / perCpuSecond(bare.at(-1)),
    },
  };
}

function perCpuSecond(turn: Turn | undefined): number {
  return turn === undefined ? 0 : turn.deliveries / (turn.cpuNs / 1e9);
}

async function run(context: BenchContext): Promise<readonly BenchResult[]> {
  const size = context.quick ? QUICK : FULL;
  const results: BenchResult[] = [];
  for (const followers of size.followers) results.push(await runWith(followers, size, context));
  return results;
}

export const fanOut: Bench = {
  name: 'fan-out',
  what: 'state frames of a round to its followers, beside bare publish',
  run,
};
