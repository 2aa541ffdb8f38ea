/**
 * How long 15,000 paying viewers are without the engine when a part of it dies, by what the viewers see: times are
 * taken in their process. It shares the machine with the engine, and does about as much work: on two cores these are
 * upper bounds.
 *
 * Shard: it fails an assertion (the drill `crash`), its spare restores the round from the store, and the edge attaches
 * every stream anew; viewers stay connected. (The spare is there two seconds after a shard was started; one that dies
 * before that takes the start of a thread longer.) Edge: the same for the thread with the sockets. Storm: every
 * socket is dropped by the viewers, who come back at once. No store read per viewer: calls of the Store port are
 * counted in every thread.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../lib/child.ts';
import { quantile } from '../lib/statistics.ts';
import type { Comeback } from '../live/comebacks.ts';
import { startCrowd } from '../live/crowd.ts';
import type { CrowdCalls } from '../live/crowd-process.ts';
import { LiveEngine } from '../live/engine.ts';
import { benchRounds } from '../live/terms.ts';
import type { Bench, BenchContext, BenchResult } from '../report.ts';

const VIEWERS = 15_000;
const VIEWERS_QUICK = 300;
const SHARD_MS_MAX = 250;
const STORM_MS_MAX = 5_000;
const SETTLE_MS = 12_000;
const SETTLE_MS_QUICK = 1_000;
const TIMEOUT_MS = 60_000;
const GIFT_EVERY_MS = 500;
/** Of the Store port; everything that has to do with one viewer's account or stream. */
const VIEWER_CALLS = [
  'readBalances',
  'readBalance',
  'hold',
  'shrinkHold',
  'holdsOfRound',
  'post',
  'listEntries',
];

/** Milliseconds since the failure. */
interface Outage {
  readonly firstFrameMs: number;
  readonly lastFrameMs: number;
  readonly firstAttachedMs: number;
  readonly medianAttachedMs: number;
  readonly lastAttachedMs: number;
  readonly acceptedMs: number;
  /** Calls of the store that are about a viewer, and all others, in all threads while viewers came back. */
  readonly viewerStoreCalls: number;
  readonly otherStoreCalls: string;
}

type Kind = 'shard' | 'edge' | 'storm';

export const recovery: Bench = {
  name: 'recovery',
  what: 'time until 15,000 viewers go on after a shard, an edge or all connections were lost',
  async run(context) {
    const outages: Record<Kind, Outage[]> = { shard: [], edge: [], storm: [] };
    for (let repeat = 0; repeat < context.repeats; repeat++) await measure(context, outages);
    return resultsOf(outages, context.quick ? VIEWERS_QUICK : VIEWERS);
  },
};

/** Each kind once, on one engine, with time to settle in between. */
async function measure({ quick, say }: BenchContext, outages: Record<Kind, Outage[]>): Promise<void> {
  const viewers = quick ? VIEWERS_QUICK : VIEWERS;
  const engine = await LiveEngine.start();
  let crowd: Child<CrowdCalls> | null = null;
  try {
    const rounds = benchRounds(1);
    await engine.calls.call('createRounds', rounds);
    crowd = await startCrowd(engine, { viewers, rounds, watchSeconds: 600, gifts: 1_000 });
    await crowd.call('connect', viewers);
    await crowd.call('pay', true);
    await crowd.call('giftEvery', GIFT_EVERY_MS);
    for (const kind of ['shard', 'storm', 'edge'] as const) {
      await sleep(quick ? SETTLE_MS_QUICK : SETTLE_MS); // also long enough for a thread to be restarted at once
      const outage = await fail(kind, engine, crowd, viewers);
      outages[kind].push(outage);
      say(`${kind}: ${JSON.stringify(outage)}`);
    }
    const { failures } = await crowd.call('counts');
    if (Object.keys(failures).length > 0)
      throw new Error(`viewers were refused: ${JSON.stringify(failures)}`);
  } finally {
    await crowd?.stop();
    await engine.stop();
  }
}

async function fail(
  kind: Kind,
  engine: LiveEngine,
  crowd: Child<CrowdCalls>,
  viewers: number,
): Promise<Outage> {
  const before = await storeCalls(engine);
  const markMs = await crowd.call('mark', { drop: kind === 'storm' });
  const failedMs = kind === 'storm' ? markMs : await engine.calls.call('crash', kind);
  const back = await crowd.call('comeback', TIMEOUT_MS);
  if (back.attachedMs.length < viewers) {
    throw new Error(`${kind}: only ${back.attachedMs.length} of ${viewers} viewers came back`);
  }
  if (kind !== 'storm') before.delete(kind); // its successor counts from zero
  return outageOf(back, failedMs, difference(await storeCalls(engine), before));
}

function outageOf(back: Comeback, failedMs: number, calls: ReadonlyMap<string, number>): Outage {
  const since = (atMs: number | null | undefined): number => Math.round((atMs ?? NaN) - failedMs);
  const viewerCalls = VIEWER_CALLS.map((operation) => calls.get(operation) ?? 0);
  return {
    firstFrameMs: since(back.framesMs[0]),
    lastFrameMs: since(back.framesMs.at(-1)),
    firstAttachedMs: since(back.attachedMs[0]),
    medianAttachedMs: since(quantile(back.attachedMs, 0.5)),
    lastAttachedMs: since(back.attachedMs.at(-1)),
    acceptedMs: since(back.acceptedMs),
    viewerStoreCalls: viewerCalls.reduce((sum, count) => sum + count, 0),
    otherStoreCalls: [...calls]
      .filter(([operation, count]) => count > 0 && !VIEWER_CALLS.includes(operation))
      .map(([operation, count]) => `${operation} ${count}`)
      .join(', '),
  };
}

type StoreCalls = Map<string, Readonly<Record<string, number>>>;

/** By thread and operation. */
async function storeCalls(engine: LiveEngine): Promise<StoreCalls> {
  return new Map((await engine.probe('storeCalls')).map(({ kind, answer }) => [kind, answer]));
}

/** By operation, over all threads. */
function difference(after: StoreCalls, before: StoreCalls): ReadonlyMap<string, number> {
  const calls = new Map<string, number>();
  for (const [kind, counts] of after) {
    for (const [operation, count] of Object.entries(counts)) {
      const more = count - (before.get(kind)?.[operation] ?? 0);
      calls.set(operation, (calls.get(operation) ?? 0) + more);
    }
  }
  return calls;
}

function resultsOf(
  outages: Readonly<Record<Kind, readonly Outage[]>>,
  viewers: number,
): readonly BenchResult[] {
  const row = (
    kind: Kind,
    name: string,
    what: string,
    pick: (outage: Outage) => number,
    limitMs: number | null,
  ): BenchResult => ({
    name: `recovery/${name}`,
    what,
    unit: 'ms',
    better: 'less',
    ours: outages[kind].map(pick),
    base: null,
    bar: limitMs === null ? null : { of: 'value', is: 'atMost', limit: limitMs },
    details: { viewers, ...seen(outages[kind].at(-1)) },
  });
  return [
    row(
      'shard',
      'shard-streaming',
      'from the crash of the shard to the first viewer who has the keyframe of the restored round',
      (outage) => outage.firstFrameMs,
      SHARD_MS_MAX,
    ),
    row(
      'shard',
      'shard-accepted',
      'from the crash of the shard to the acknowledgement of a word that was sent after it',
      (outage) => outage.acceptedMs,
      null,
    ),
    row(
      'shard',
      'shard-attached',
      'from the crash of the shard until the last of all viewers has its stream back',
      (outage) => outage.lastAttachedMs,
      null,
    ),
    row(
      'storm',
      'storm-resumed',
      'from the loss of all connections until the last viewer is authenticated, follows and has its stream back',
      (outage) => outage.lastAttachedMs,
      STORM_MS_MAX,
    ),
    row(
      'edge',
      'edge-resumed',
      'the same from the crash of the edge thread, its restart included',
      (outage) => outage.lastAttachedMs,
      STORM_MS_MAX,
    ),
    {
      ...row(
        'storm',
        'storm-store-calls',
        'calls of the store about a viewer (reads, holds, postings) while all of them came back',
        (outage) => outage.viewerStoreCalls,
        0,
      ),
      unit: 'calls',
    },
  ];
}

/** Without what there is not: frames of a new epoch come after the loss of a shard only. */
function seen(outage: Outage | undefined): Record<string, number | string> {
  return Object.fromEntries(Object.entries(outage ?? {}).filter(([, value]) => !Number.isNaN(value)));
}
