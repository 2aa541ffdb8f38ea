/**
 * Viewers for an engine under test, in a process of their own (crowd.ts): those of the load tester. Everybody pays a
 * word a second, spread evenly over the second; the first viewer gives.
 */
import { monotonicMs } from '../../loadtest/generator/monotonic.ts';
import { PayingViewer, type ViewerHost } from '../../loadtest/wire/paying-viewer.ts';
import { newPerson } from '../../loadtest/wire/person.ts';
import { webSocketTarget } from '../../loadtest/wire/raw-web-socket.ts';
import type { AccountId, RoundId } from '../../src/core/ids.ts';
import { WS_PATH } from '../../src/core/limits.ts';
import { u32At } from '../../src/protocol/layout.ts';
import { SUBPROTOCOL } from '../../src/protocol/messages.ts';
import { serveParent } from '../lib/child.ts';
import { Comebacks, type Comeback } from './comebacks.ts';
import { Connector } from './connector.ts';

export interface CrowdPlan {
  readonly edgePort: number;
  readonly viewers: number;
  /** Viewers go to them in turns; all have two participants. */
  readonly rounds: readonly RoundId[];
  /** How long everybody can pay for. */
  readonly watchSeconds: number;
  /** How many gifts the first viewer can give, of GIFT_SATS. */
  readonly gifts: number;
}

export interface CrowdCounts {
  readonly connected: number;
  readonly words: number;
  readonly gifts: number;
  /** Of any kind, from the engine. */
  readonly deliveries: number;
  readonly lost: number;
  /** Refusals and ends of streams by code; empty when all is well. */
  readonly failures: Readonly<Record<string, number>>;
}

export interface CrowdCalls {
  /** The accounts to be funded, and with how much each. */
  prepare(plan: CrowdPlan): readonly { readonly account: AccountId; readonly sats: number }[];
  /** Connects those that are not, in order, until so many are; resolves when all of them can pay. */
  connect(count: number): Promise<void>;
  /** Everybody loses the connection and does not come back; their streams stay open. */
  leave(): void;
  pay(on: boolean): void;
  /** Null: none. */
  giftEvery(ms: number | null): void;
  counts(): CrowdCounts;
  /** From here on `comeback` is about what comes; with `drop`, all lose their connections now. When that was. */
  mark(input: { readonly drop: boolean }): number;
  /** When everybody is back, or after the timeout. */
  comeback(timeoutMs: number): Promise<Comeback>;
}

const GIFT_SATS = 1_000;
/** Parts of a second in which viewers pay. */
const TICKS = 100;
const TARGET = 0;

let viewers: PayingViewer[] = [];
let connected = 0;
let payTimer: NodeJS.Timeout | undefined;
let giftTimer: NodeJS.Timeout | undefined;
let gifts = 0;
let lost = 0;
const failures: Record<string, number> = {};
const counts = { words: 0, deliveries: 0, deliveredBytes: 0 };
const comebacks = new Comebacks();
const connector = new Connector();

function failed(what: string): void {
  failures[what] = (failures[what] ?? 0) + 1;
}

/** The acknowledgement of the giver's gift says that words count again. */
function isBack(viewer: PayingViewer): void {
  if (comebacks.attached(viewer) && viewer === viewers[0]) give();
}

const host: ViewerHost = {
  counts,
  nowMs: monotonicMs,
  attached(viewer) {
    isBack(viewer);
    connector.ready(viewer);
  },
  attachedAgain: isBack,
  giftAcknowledged: (_, { dueMs }) => comebacks.giftAccepted(dueMs),
  state: (viewer, frame) => comebacks.frame(viewer, u32At(frame, 5)),
  refused: (_, code) => failed(code),
  ended: (_, reason) => failed(`ended: ${reason}`),
  closed(viewer) {
    lost++;
    connector.lost(viewer);
  },
};

function prepare(plan: CrowdPlan): readonly { account: AccountId; sats: number }[] {
  const target = webSocketTarget(`ws://127.0.0.1:${plan.edgePort}${WS_PATH}`, SUBPROTOCOL);
  const times = { startsAtMs: 0, endsAtMs: Infinity };
  const rounds = plan.rounds.map((roundId) => ({ roundId, participants: 2, rateSatsPerSecond: 1, ...times }));
  viewers = Array.from({ length: plan.viewers }, (_, no) => {
    const round = rounds[no % rounds.length];
    if (round === undefined) throw new Error('there is no round');
    const giftSats = Array.from({ length: no === 0 ? plan.gifts : 0 }, () => GIFT_SATS);
    const budget = { watchWords: plan.watchSeconds, giftSats };
    return new PayingViewer(
      { target, person: newPerson(), name: 'Bench', round, budget, watching: TARGET, probe: true },
      host,
    );
  });
  return viewers.map(({ setup, purse }) => ({ account: setup.person.account, sats: purse.record.holdSats }));
}

function pay(on: boolean): void {
  clearInterval(payTimer);
  if (!on) return;
  const startedMs = monotonicMs();
  let done = 0;
  payTimer = setInterval(() => {
    const nowMs = monotonicMs();
    const due = Math.floor(((nowMs - startedMs) / 1_000) * TICKS);
    for (; done < due; done++) {
      for (let no = done % TICKS; no < connected; no += TICKS) viewers[no]?.pay(nowMs);
    }
  }, 1_000 / TICKS);
}

function give(): void {
  viewers[0]?.gift(TARGET, GIFT_SATS, monotonicMs());
  gifts++;
}

function giftEvery(ms: number | null): void {
  clearInterval(giftTimer);
  if (ms !== null) giftTimer = setInterval(give, ms);
}

function leave(): void {
  connector.stop();
  for (const viewer of viewers.slice(0, connected)) viewer.drop();
  connected = 0;
}

const calls: CrowdCalls = {
  prepare,
  async connect(count) {
    connector.start();
    connector.connect(viewers.slice(connected, count));
    connected = count;
    await connector.allReady();
  },
  leave,
  pay,
  giftEvery,
  counts: () => ({ connected, gifts, lost, failures, words: counts.words, deliveries: counts.deliveries }),
  mark({ drop }) {
    const atMs = comebacks.mark();
    if (drop) for (const viewer of viewers.slice(0, connected)) viewer.drop();
    return atMs;
  },
  comeback: (timeoutMs) => comebacks.all(connected, timeoutMs),
};

serveParent<CrowdCalls>(calls, () => {
  pay(false);
  giftEvery(null);
  leave();
});
