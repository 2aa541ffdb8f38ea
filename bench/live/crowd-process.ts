/**
 * Viewers for an engine under test, in a process of their own (crowd.ts). Everybody pays a word a second, spread
 * evenly over the second; the first viewer gives gifts, one more whenever its stream was granted again.
 */
import { webSocketTarget } from '../../loadtest/wire/raw-web-socket.ts';
import { WS_PATH } from '../../src/core/limits.ts';
import type { AccountId, RoundId } from '../../src/core/ids.ts';
import { SUBPROTOCOL } from '../../src/protocol/messages.ts';
import { serveParent } from '../lib/child.ts';
import { Connector } from './connector.ts';
import { monotonicMs } from './monotonic.ts';
import { sleep } from './sleep.ts';
import { LiveViewer, type ViewerWatch } from './viewer.ts';

export interface CrowdPlan {
  readonly edgePort: number;
  readonly viewers: number;
  /** Viewers go to them in turns. */
  readonly rounds: readonly RoundId[];
  /** How long everybody can pay for. */
  readonly watchSeconds: number;
  readonly gifts: number;
}

export interface CrowdCounts {
  readonly connected: number;
  readonly words: number;
  readonly gifts: number;
  /** State frames that arrived. */
  readonly frames: number;
  readonly lost: number;
  /** By code; empty when all is well. */
  readonly failures: Readonly<Record<string, number>>;
}

/** What viewers saw since `mark`; times by the clock of monotonic.ts, one for each viewer, ascending. */
export interface Comeback {
  /** First frame of a newer epoch than the one before the mark. */
  readonly framesMs: readonly number[];
  /** Everything is there to go on: followed, and the stream granted (again). */
  readonly grantedMs: readonly number[];
  /** First acknowledgement of a gift that was sent after the mark; null: none came. */
  readonly acceptedMs: number | null;
}

export interface CrowdCalls {
  /** The accounts to be funded, and with how much each. */
  prepare(plan: CrowdPlan): readonly { readonly account: AccountId; readonly sats: number }[];
  /** Connects those that are not, in order, until so many are; resolves when all of them can pay. */
  connect(count: number): Promise<void>;
  /** Everybody leaves; their streams stay open. */
  leave(): void;
  pay(on: boolean): void;
  /** Null: none. */
  giftEvery(ms: number | null): void;
  counts(): CrowdCounts;
  /** From here on `comeback` notes; with `drop`, all lose their connections now. When that was. */
  mark(input: { readonly drop: boolean }): number;
  /** When everybody is back, or after the timeout. */
  comeback(timeoutMs: number): Promise<Comeback>;
}

/** Parts of a second in which viewers pay. */
const TICKS = 100;
const POLL_MS = 5;

let viewers: LiveViewer[] = [];
let connected = 0;
let payTimer: NodeJS.Timeout | undefined;
let giftTimer: NodeJS.Timeout | undefined;
let [words, gifts, frames, lost] = [0, 0, 0, 0];
const failures: Record<string, number> = {};

let newestEpoch = 0;
let markedEpoch = 0;
let markedGift = 0;
let acceptedMs: number | null = null;
const framesMs = new Map<LiveViewer, number>();
const grantedMs = new Map<LiveViewer, number>();

const connector = new Connector();
const watch: ViewerWatch = {
  state(viewer, epoch) {
    frames++;
    if (epoch > newestEpoch) newestEpoch = epoch;
    if (epoch > markedEpoch && !framesMs.has(viewer)) framesMs.set(viewer, monotonicMs());
  },
  granted(viewer) {
    if (!grantedMs.has(viewer)) grantedMs.set(viewer, monotonicMs());
    connector.ready(viewer);
    if (viewer === viewers[0] && viewer.give() > 0) gifts++; // as whoever is not sure that the last one arrived
  },
  paid(viewer, giftIndex) {
    if (viewer === viewers[0] && giftIndex > markedGift) acceptedMs ??= monotonicMs();
  },
  failed(_, what) {
    failures[what] = (failures[what] ?? 0) + 1;
  },
  lost(viewer) {
    lost++;
    connector.lost(viewer);
  },
};

function prepare(plan: CrowdPlan): readonly { account: AccountId; sats: number }[] {
  const target = webSocketTarget(`ws://127.0.0.1:${plan.edgePort}${WS_PATH}`, SUBPROTOCOL);
  viewers = Array.from({ length: plan.viewers }, (_, no) => {
    const roundId = plan.rounds[no % plan.rounds.length];
    if (roundId === undefined) throw new Error('there is no round');
    const giftWords = no === 0 ? plan.gifts : 1;
    return new LiveViewer({ target, roundId, watchWords: plan.watchSeconds, giftWords, watch });
  });
  return viewers.map(({ account, holdSats }) => ({ account, sats: holdSats }));
}

function pay(on: boolean): void {
  clearInterval(payTimer);
  if (!on) return;
  const startedMs = monotonicMs();
  let done = 0;
  payTimer = setInterval(() => {
    const due = Math.floor(((monotonicMs() - startedMs) / 1_000) * TICKS);
    for (; done < due; done++) {
      for (let no = done % TICKS; no < connected; no += TICKS) if (viewers[no]?.pay() === true) words++;
    }
  }, 1_000 / TICKS);
}


function leave(): void {
  for (const viewer of viewers.slice(0, connected)) viewer.leave();
  connected = 0;
}

function giftEvery(ms: number | null): void {
  clearInterval(giftTimer);
  if (ms === null) return;
  giftTimer = setInterval(() => {
    if ((viewers[0]?.give() ?? 0) > 0) gifts++;
  }, ms);
}

/** So that nothing keeps the process. */
function end(): void {
  pay(false);
  giftEvery(null);
  leave();
}

const calls: CrowdCalls = {
  prepare,
  async connect(count) {
    connector.connect(viewers.slice(connected, count));
    connected = count;
    await connector.allReady();
  },
  leave,
  pay,
  giftEvery,
  counts: () => ({ connected, words, gifts, frames, lost, failures }),
  mark({ drop }) {
    markedEpoch = newestEpoch;
    markedGift = viewers[0]?.giftIndex ?? 0;
    acceptedMs = null;
    framesMs.clear();
    grantedMs.clear();
    const atMs = monotonicMs();
    if (drop) for (const viewer of viewers.slice(0, connected)) viewer.drop();
    return atMs;
  },
  async comeback(timeoutMs) {
    const deadlineMs = monotonicMs() + timeoutMs;
    const isBack = (): boolean => grantedMs.size === connected && acceptedMs !== null;
    while (!isBack() && monotonicMs() < deadlineMs) await sleep(POLL_MS);
    const ascending = (times: ReadonlyMap<LiveViewer, number>): number[] =>
      [...times.values()].toSorted((a, b) => a - b);
    return { framesMs: ascending(framesMs), grantedMs: ascending(grantedMs), acceptedMs };
  },
};

serveParent<CrowdCalls>(calls, end);
