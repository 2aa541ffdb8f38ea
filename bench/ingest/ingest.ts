/**
 * Words through one edge thread of a real engine (verified, applied by a shard thread, durable in LMDB) beside a bare
 * uWebSockets.js server whose handler counts messages. Bursts of one word of every viewer, by turns to one and the
 * other (burst.ts). In life each word comes alone, in a segment of its own, so that is the main row.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FRAME } from '../../src/protocol/messages.ts';
import { PAY_BYTES } from '../../src/protocol/frame-sizes.ts';
import { LIMITS } from '../../src/core/limits.ts';
import type { RawWebSocket } from '../../loadtest/wire/raw-web-socket.ts';
import { Bare } from '../bare/bare.ts';
import { type CpuMs, LiveEngine } from '../live/engine.ts';
import { benchRounds } from '../live/terms.ts';
import { threadCpuNs } from '../lib/thread-cpu.ts';
import type { Bench, BenchContext, BenchResult } from '../report.ts';
import { type Burst, burst } from './burst.ts';
import { Crowd } from './crowd.ts';

const RATIO_MIN = 0.8;
/** As in life: a word a second, and an acknowledgement every four; those are due in the middle between two bursts. */
const BURST_EVERY_MS = 1_000;
const ACK_INTERVAL_MS = 3_500;

interface Size {
  readonly viewers: number;
  readonly warmUpBursts: number;
  readonly bursts: number;
  readonly wordsAtOnce: number;
  readonly burstsAtOnce: number;
}

const FULL: Size = { viewers: 4_000, warmUpBursts: 8, bursts: 16, wordsAtOnce: 16, burstsAtOnce: 4 };
const QUICK: Size = { viewers: 400, warmUpBursts: 4, bursts: 4, wordsAtOnce: 16, burstsAtOnce: 2 };

/** Nanoseconds of CPU a message, of the thread that owns the sockets. */
interface Figures {
  readonly ns: number;
  readonly bareNs: number;
  /** Until all was quiet, ms, on average. */
  readonly burstMs: number;
}

interface Repeat {
  readonly single: Figures;
  readonly many: Figures;
  /** Over the whole time of the single bursts, acknowledgements and timers included. */
  readonly inAll: { readonly ns: number; readonly bareNs: number };
  readonly acksPerWord: number;
  /** Of the engine's threads over that time, nanoseconds a word. */
  readonly threads: Readonly<Record<'edge' | 'shard' | 'writer' | 'main' | 'rest', number>>;
}

class Rig {
  readonly #engine: LiveEngine;
  readonly #edgeThreadId: number;
  readonly #crowd: Crowd;
  readonly #bare: Bare;
  readonly #sockets: readonly RawWebSocket[];
  #nextMs = 0;
  #bareSent = 0;

  static async start(size: Size): Promise<Rig> {
    const [plan] = benchRounds(1);
    if (plan === undefined) throw new Error('there is no round');
    const terms = { ...plan, rateSatsPerSecond: LIMITS.rateSatsPerSecondMax };
    const engine = await LiveEngine.start([
      '--messages-per-second=10000',
      `--ack-interval-ms=${ACK_INTERVAL_MS}`,
    ]);
    await engine.calls.call('createRounds', [terms]);
    const edge = (await engine.probe('threadId')).find(({ kind }) => kind === 'edge');
    if (edge === undefined) throw new Error('there is no edge');
    const { viewers, warmUpBursts, bursts, burstsAtOnce, wordsAtOnce } = size;
    const words = warmUpBursts + bursts + (warmUpBursts + burstsAtOnce) * wordsAtOnce;
    const crowd = await Crowd.gather({ engine, terms, viewers, words });
    const bare = await Bare.start();
    return new Rig({ engine, edgeThreadId: edge.answer, crowd, bare, sockets: await bare.connect(viewers) });
  }

  private constructor(parts: {
    engine: LiveEngine;
    edgeThreadId: number;
    crowd: Crowd;
    bare: Bare;
    sockets: readonly RawWebSocket[];
  }) {
    this.#engine = parts.engine;
    this.#edgeThreadId = parts.edgeThreadId;
    this.#crowd = parts.crowd;
    this.#bare = parts.bare;
    this.#sockets = parts.sockets;
  }

  async measure(size: Size): Promise<Repeat> {
    const { viewers, wordsAtOnce } = size;
    await this.#series(size.warmUpBursts, 1, 0);
    await this.#rhythm(ACK_INTERVAL_MS); // what is acknowledged now is not of the words to come
    const cpu = await this.#engine.cpuMs();
    const bareNs = threadCpuNs(this.#bare.pid, this.#bare.threadId);
    const acks = this.#crowd.counts.deliveries;
    const single = await this.#series(size.bursts, 1, BURST_EVERY_MS);
    await this.#rhythm(ACK_INTERVAL_MS);
    const words = size.bursts * viewers;
    const threads = perWord(cpu, await this.#engine.cpuMs(), words);
    const bareSpentNs = threadCpuNs(this.#bare.pid, this.#bare.threadId) - bareNs;
    const inAll = { ns: threads.edge, bareNs: bareSpentNs / words };
    const acksPerWord = (this.#crowd.counts.deliveries - acks) / words;
    await this.#series(size.warmUpBursts, wordsAtOnce, 0);
    const many = await this.#series(size.burstsAtOnce, wordsAtOnce, 0);
    return { single, many, inAll, acksPerWord, threads };
  }

  /** Throws unless the bare server has counted every message, and the round every sat. */
  async check(): Promise<void> {
    const received = await this.#bare.calls.call('received');
    if (received !== this.#bareSent) throw new Error(`bare: ${received} of ${this.#bareSent} messages`);
    const { sentSats, paidSats } = await this.#crowd.leave();
    const { failures } = this.#crowd;
    if (failures.length > 0) throw new Error(`${failures.length} failures: ${failures[0]}`);
    if (sentSats !== paidSats) throw new Error(`${paidSats} of ${sentSats} sats are on the ledger`);
  }

  async stop(): Promise<void> {
    await this.#engine.stop();
    await this.#bare.stop();
  }

  async #series(bursts: number, words: number, everyMs: number): Promise<Figures> {
    const ours: Burst[] = [];
    const bare: Burst[] = [];
    const engine = { pid: this.#engine.calls.pid, threadId: this.#edgeThreadId };
    for (let no = 0; no < bursts; no++) {
      ours.push(await burst(engine, () => this.#crowd.pay(words)));
      bare.push(await burst(this.#bare, () => this.#sendBare(words)));
      await this.#rhythm(everyMs);
    }
    const messages = bursts * words * this.#sockets.length;
    return {
      ns: sum(ours.map(({ cpuNs }) => cpuNs)) / messages,
      bareNs: sum(bare.map(({ cpuNs }) => cpuNs)) / messages,
      burstMs: sum(ours.map(({ elapsedMs }) => elapsedMs)) / bursts,
    };
  }

  #sendBare(words: number): void {
    const frame = new Uint8Array(PAY_BYTES);
    frame[0] = FRAME.PAY;
    for (const socket of this.#sockets) for (let no = 0; no < words; no++) socket.send(frame);
    this.#bareSent += words * this.#sockets.length;
  }

  /** Until so long after the last time. */
  async #rhythm(everyMs: number): Promise<void> {
    const waitMs = this.#nextMs + everyMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    this.#nextMs = performance.now();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function perWord(before: CpuMs, after: CpuMs, words: number): Repeat['threads'] {
  const ns = (thread: keyof Repeat['threads']): number => ((after[thread] - before[thread]) * 1e6) / words;
  return { edge: ns('edge'), shard: ns('shard'), writer: ns('writer'), main: ns('main'), rest: ns('rest') };
}

async function runOnce(size: Size): Promise<Repeat> {
  const rig = await Rig.start(size);
  try {
    const repeat = await rig.measure(size);
    await rig.check();
    return repeat;
  } finally {
    await rig.stop();
  }
}

async function run(context: BenchContext): Promise<readonly BenchResult[]> {
  const size = context.quick ? QUICK : FULL;
  const repeats: Repeat[] = [];
  for (let no = 0; no < context.repeats; no++) {
    const repeat = await runOnce(size);
    repeats.push(repeat);
    const { ns, bareNs } = repeat.single;
    context.say(
      `${no + 1}: ${ns.toFixed(0)} ns a word, bare ${bareNs.toFixed(0)}; every sat is on the ledger`,
    );
  }
  const last = repeats.at(-1);
  if (last === undefined) return [];
  return [
    result('words', repeats, ({ single }) => single, {
      what: `Words verified, applied and durable, beside messages counted, per CPU second of the thread with the sockets: ${size.viewers} sockets, one word each, one word a read.`,
      hasBar: true,
      details: { burstMs: last.single.burstMs },
    }),
    result('words-in-life', repeats, ({ inAll }) => inAll, {
      what: `The same over all of the time, in which ${size.viewers} viewers pay once a second: acknowledgements, timers and idle turns of the loop included. The fewer viewers, the more the last count.`,
      hasBar: false,
      details: { acksPerWord: last.acksPerWord, ...named(last.threads) },
    }),
    result('words-many-a-read', repeats, ({ many }) => many, {
      what: `The same with ${size.wordsAtOnce} words a read, as nobody sends them: what is left of the ratio without the system calls.`,
      hasBar: false,
      details: { burstMs: last.many.burstMs },
    }),
  ];
}

function result(
  name: string,
  repeats: readonly Repeat[],
  pick: (repeat: Repeat) => { readonly ns: number; readonly bareNs: number },
  about: { readonly what: string; readonly hasBar: boolean; readonly details: BenchResult['details'] },
): BenchResult {
  const figures = repeats.map(pick);
  const last = figures.at(-1);
  return {
    name: `ingest/${name}`,
    what: about.what,
    unit: 'words/cpu-second',
    better: 'more',
    ours: figures.map(({ ns }) => 1e9 / ns),
    base: { name: 'bare uWebSockets.js', values: figures.map(({ bareNs }) => 1e9 / bareNs) },
    bar: about.hasBar ? { of: 'ratio', is: 'atLeast', limit: RATIO_MIN } : null,
    details: { edgeNs: last?.ns ?? 0, bareNs: last?.bareNs ?? 0, ...about.details },
  };
}

function named(threads: Repeat['threads']): Record<string, number> {
  return Object.fromEntries(Object.entries(threads).map(([thread, ns]) => [`${thread}NsPerWord`, ns]));
}

export const ingest: Bench = {
  name: 'ingest',
  what: 'words through one edge thread, durable, beside a bare uWebSockets.js server that counts messages',
  run,
};
