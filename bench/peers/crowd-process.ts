/**
 * The viewers of one run: each sends its message once a second, spread evenly, and counts what it gets. Open loop: a
 * message that is late is sent as soon as possible, and how late the latest was is told, as is what this
 * process costs: a generator that has no time left measures itself.
 */
import type { AccountId } from '../../src/core/ids.ts';
import { serveParent } from '../lib/child.ts';
import { type LoopLag, loopLag } from './loop-lag.ts';
import { rawCrowd } from './raw/raw-crowd.ts';
import type { RawCrowd, RawViewer } from './raw/raw-viewer.ts';
import { PAY_EVERY_MS, type Received, type SystemName, type Target } from './scenario.ts';

export interface CrowdReading {
  readonly sent: number;
  readonly received: Received;
  readonly cpuMs: number;
}

export interface CrowdCalls {
  /** Makes keys; what has to be funded. */
  prepare(input: { readonly system: SystemName; readonly viewers: number }): readonly AccountId[];
  /** Everybody joins, a few at a time. */
  join(target: Target): Promise<void>;
  startPaying(): void;
  /** How many messages were sent in all. */
  stopPaying(): number;
  read(): CrowdReading;
  lag(): LoopLag;
}

const JOINING_AT_ONCE = 32;
/** One a second; made beforehand, a hash each. */
const WORDS_EACH = 300;
const TICK_MS = 5;

const received: Received = { states: 0, events: 0, others: 0, bytes: 0 };
let crowd: RawCrowd | null = null;
let size = 0;
let viewers: readonly RawViewer[] = [];
let sent = 0;
let ticking: NodeJS.Timeout | null = null;

async function joinAll(target: Target): Promise<void> {
  const all: RawViewer[] = [];
  let next = 0;
  const joinSome = async (): Promise<void> => {
    for (let index = next++; index < size; index = next++) {
      const viewer = await crowd?.join(index, target, received);
      if (viewer === undefined) throw new Error('nobody was prepared');
      all[index] = viewer;
    }
  };
  await Promise.all(Array.from({ length: Math.min(size, JOINING_AT_ONCE) }, joinSome));
  viewers = all;
}

function startPaying(): void {
  const startMs = performance.now();
  const before = sent;
  ticking = setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) * viewers.length) / PAY_EVERY_MS);
    for (; sent - before < due; sent++) viewers[(sent - before) % viewers.length]?.pay();
  }, TICK_MS);
}

serveParent<CrowdCalls>({
  prepare(input) {
    size = input.viewers;
    crowd = rawCrowd(input.system, size, WORDS_EACH);
    return crowd.accounts;
  },
  join: joinAll,
  startPaying,
  stopPaying() {
    if (ticking !== null) clearInterval(ticking);
    return sent;
  },
  read() {
    const { user, system } = process.cpuUsage();
    return { sent, received: { ...received }, cpuMs: (user + system) / 1_000 };
  },
  lag: loopLag,
});
