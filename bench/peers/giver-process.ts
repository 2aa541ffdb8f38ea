/**
 * The viewers whose latency counts: some give, in turn, and two that have the system's own client see it. One of the two
 * joined before the crowd and one after it, as a server that sends to one viewer after the other may begin at either
 * end. Apart from the crowd, so that what the crowd has to do does not make them late; all in one process, so that one
 * clock is enough. Latency counts from when a gift was due, not from when it was sent.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountId } from '../../src/core/ids.ts';
import { serveParent } from '../lib/child.ts';
import { type LoopLag, loopLag } from './loop-lag.ts';
import { type Official, officialClient } from './official/official.ts';
import { rawCrowd } from './raw/raw-crowd.ts';
import type { RawCrowd, RawViewer } from './raw/raw-viewer.ts';
import {
  GIFT_EVERY_MS,
  GIVERS,
  LOST_AFTER_MS,
  type Received,
  type SystemName,
  type Target,
  giftSats,
} from './scenario.ts';

export interface Latencies {
  /** Of every gift that was due in that time, for each of the two; a lost one counts as LOST_AFTER_MS. */
  readonly latenciesMs: readonly number[];
  readonly lost: number;
}

export interface GiverCalls {
  prepare(system: SystemName): readonly AccountId[];
  /** The givers and the first who sees. */
  join(target: Target): Promise<void>;
  /** The second who sees. */
  joinLast(target: Target): Promise<void>;
  startGiving(): void;
  /** Gifts that are due from now on are of the measurement, until `endMeasuring`, which waits for the last of them. */
  beginMeasuring(): void;
  endMeasuring(): Promise<Latencies>;
  /** One more gift, which has every system send its state; what was given in all, sats. */
  stopGiving(): number;
  /** What the official client of the first shows. */
  shownSats(): number;
  lag(): LoopLag;
}

/** For two minutes of gifts. */
const WORDS_EACH = 8_000;

const received: Received = { states: 0, events: 0, others: 0, bytes: 0 };
/** By the number of the gift, from 1. */
const dueMs: number[] = [];
const observers: { readonly official: Official; readonly seenMs: readonly number[] }[] = [];
let system: SystemName = 'ringside';
let crowd: RawCrowd | null = null;
let givers: readonly RawViewer[] = [];
let given = 0;
let givenSats = 0;
let giving: NodeJS.Timeout | null = null;
let firstMeasured = 0;

function give(atMs: number): void {
  const giver = givers[given % GIVERS];
  dueMs[++given] = atMs;
  givenSats += giftSats(given);
  giver?.gift(given);
}

/** Each timer is set for when the next gift is due, so that late ones do not add up; never early, which would flatter. */
function giveFrom(atMs: number): void {
  give(atMs);
  const nextMs = atMs + GIFT_EVERY_MS;
  giving = setTimeout(() => giveFrom(nextMs), Math.max(0, Math.ceil(nextMs - performance.now())));
}

async function observe(target: Target): Promise<void> {
  const watch = await officialClient(system);
  const seenMs: number[] = [];
  const official = await watch(target, (no) => {
    seenMs[no] ??= performance.now();
  });
  observers.push({ official, seenMs });
}

function latencyMs(no: number, seen: number | undefined): number {
  return seen === undefined ? LOST_AFTER_MS : seen - (dueMs[no] ?? seen);
}

async function endMeasuring(): Promise<Latencies> {
  const numbers = Array.from({ length: given - firstMeasured }, (_, index) => firstMeasured + 1 + index);
  const missing = (): number =>
    observers.reduce((sum, { seenMs }) => sum + numbers.filter((no) => seenMs[no] === undefined).length, 0);
  const deadlineMs = performance.now() + LOST_AFTER_MS;
  while (missing() > 0 && performance.now() < deadlineMs) {
    await sleep(GIFT_EVERY_MS);
  }
  const latenciesMs = observers.flatMap(({ seenMs }) => numbers.map((no) => latencyMs(no, seenMs[no])));
  return { latenciesMs, lost: missing() };
}

serveParent<GiverCalls>({
  prepare(name) {
    system = name;
    crowd = rawCrowd(system, GIVERS, WORDS_EACH);
    return crowd.accounts;
  },
  async join(target) {
    await observe(target);
    const joining = crowd;
    if (joining === null) throw new Error('nobody was prepared');
    givers = await Promise.all(
      Array.from({ length: GIVERS }, async (_, index) => await joining.join(index, target, received)),
    );
  },
  joinLast: observe,
  startGiving: () => giveFrom(performance.now()),
  beginMeasuring() {
    firstMeasured = given;
  },
  endMeasuring,
  stopGiving() {
    if (giving !== null) clearTimeout(giving);
    give(performance.now());
    return givenSats;
  },
  shownSats: () => observers[0]?.official.paidSats() ?? 0,
  lag: loopLag,
});
