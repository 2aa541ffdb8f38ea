/**
 * What a connected, paying viewer costs the engine in memory. Points from nobody to 15,000 viewers on one engine
 * process, each after some seconds of paying and a full collection in every thread, and the slope through them.
 *
 * The figure is the kernel's: anonymous resident memory of the whole process, so heaps with their slack, buffers,
 * what uWebSockets.js and LMDB allocate, and fragmentation are all in it. Mapped files are not (the database's pages are
 * cache, which the kernel takes back), nor the kernel's own buffers of sockets. A crowd that came and went before the
 * first point has grown what grows only once: compiled code, pools, the young generation.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, BenchContext, BenchResult } from '../report.ts';
import { median, slope } from '../lib/statistics.ts';
import { startCrowd } from '../live/crowd.ts';
import { LiveEngine } from '../live/engine.ts';
import { benchRounds } from '../live/terms.ts';

const VIEWER_BYTES_MAX = 4_096;
const POINTS = [0, 1_000, 5_000, 10_000, 15_000];
const POINTS_QUICK = [0, 100, 300];
const WARM_UP_VIEWERS = 1_000;
const PAY_MS = 6_000;
const PAY_MS_QUICK = 1_000;
/** After the last word: it is saved and acknowledged. */
const REST_MS = 1_000;

/** Bytes by where they are: 'resident', 'mapped files', 'edge heap', 'edge external' ... */
type Books = Readonly<Record<string, number>>;

export const memory: Bench = {
  name: 'memory',
  what: 'memory of the engine per connected, paying viewer',
  async run(context) {
    const slopes: Books[] = [];
    for (let repeat = 0; repeat < context.repeats; repeat++) slopes.push(await measure(context));
    return [resultOf(slopes)];
  },
};

async function measure({ quick, say }: BenchContext): Promise<Books> {
  const points = quick ? POINTS_QUICK : POINTS;
  const payMs = quick ? PAY_MS_QUICK : PAY_MS;
  const engine = await LiveEngine.start();
  const crowds: { stop(): Promise<void> }[] = [];
  try {
    const rounds = benchRounds(2);
    await engine.calls.call('createRounds', rounds);
    const plan = { watchSeconds: 300, gifts: 1 };
    const warmUp = {
      ...plan,
      viewers: Math.min(WARM_UP_VIEWERS, Math.max(...points)),
      rounds: rounds.slice(1),
    };
    const first = await startCrowd(engine, warmUp);
    crowds.push(first);
    await first.call('connect', warmUp.viewers);
    await first.call('pay', true);
    await sleep(payMs);
    await first.stop();

    const crowd = await startCrowd(engine, {
      ...plan,
      viewers: Math.max(...points),
      rounds: rounds.slice(0, 1),
    });
    crowds.push(crowd);
    const readings: { x: number; books: Books }[] = [];
    for (const viewers of points) {
      await crowd.call('connect', viewers);
      await crowd.call('pay', true);
      await sleep(payMs);
      await crowd.call('pay', false);
      await sleep(REST_MS);
      const books = await read(engine);
      readings.push({ x: viewers, books });
      say(`${viewers} viewers: ${Math.round((books['resident'] ?? 0) / 1_024)} KiB`);
    }
    const { failures, lost } = await crowd.call('counts');
    if (lost > 0 || Object.keys(failures).length > 0) {
      throw new Error(`viewers were lost or refused: ${lost}, ${JSON.stringify(failures)}`);
    }
    return slopesOf(readings);
  } finally {
    for (const crowd of crowds) await crowd.stop();
    await engine.stop();
  }
}

async function read(engine: LiveEngine): Promise<Books> {
  const books: Record<string, number> = {};
  for (const { kind, answer } of await engine.probe('memory')) {
    for (const [place, bytes] of [
      ['heap', answer.heapBytes],
      ['external', answer.externalBytes],
    ] as const) {
      books[`${kind} ${place}`] = (books[`${kind} ${place}`] ?? 0) + bytes; // a shard has a spare
    }
  }
  const { anonBytes, fileBytes } = engine.residentMemory();
  return { resident: anonBytes, 'mapped files': fileBytes, ...books };
}

function slopesOf(readings: readonly { readonly x: number; readonly books: Books }[]): Books {
  const places = Object.keys(readings[0]?.books ?? {});
  return Object.fromEntries(
    places.map((place) => [place, slope(readings.map(({ x, books }) => ({ x, y: books[place] ?? 0 })))]),
  );
}

function resultOf(slopes: readonly Books[]): BenchResult {
  const values = (place: string): number[] => slopes.map((books) => books[place] ?? 0);
  const places = Object.keys(slopes[0] ?? {}).filter((place) => place !== 'resident');
  const details = Object.fromEntries(places.map((place) => [place, Math.round(median(values(place)))]));
  const inHeaps = places.filter((place) => place !== 'mapped files');
  const known = inHeaps.reduce((sum, place) => sum + (details[place] ?? 0), 0);
  return {
    name: 'memory/viewer',
    what: 'anonymous resident memory of the engine process per viewer: slope from 0 to 15,000 who pay every second, after a full collection in each thread',
    unit: 'bytes/viewer',
    better: 'less',
    ours: values('resident'),
    base: null,
    bar: { of: 'value', is: 'atMost', limit: VIEWER_BYTES_MAX },
    // Of it, by place; what is left is native: sockets and topics of uWebSockets.js, slack of heaps, fragmentation.
    details: {
      ...details,
      'native and slack': Math.round(median(values('resident'))) - known,
      // As scripts/bootstrap.mjs sets it for `npm start` and `npm run bench`; without it heaps keep more holes.
      MALLOC_MMAP_THRESHOLD_: process.env['MALLOC_MMAP_THRESHOLD_'] ?? 'not set',
    },
  };
}
