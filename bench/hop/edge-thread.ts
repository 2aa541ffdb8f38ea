/** The edge thread of the hop benches: the engine's EdgeLink, and words as fast as they go or at a pace. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { EdgeLink, type EdgeLinkMessage } from '../../src/actors/link.ts';
import type { EdgeToShard, ShardToEdge } from '../../src/actors/messages.ts';
import { messagePort } from '../../src/actors/port.ts';
import { assert } from '../../src/core/assert.ts';
import type { PaymentRow } from '../../src/round/payment-batch.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { ownThreadId } from '../lib/thread-cpu.ts';
import { EDGE, HANDLE, PARTICIPANTS, hopOpen, hopTerms } from './hop-round.ts';
import { type RingPair, edgeRingPort } from './ring-port.ts';
import { TimedPort } from './timed-port.ts';

export interface EdgeThreadData {
  readonly port: MessagePort;
  readonly rings: RingPair | null;
  readonly streams: number;
}

export type ToEdgeThread =
  | { readonly kind: 'open' }
  /** As many as the link takes. */
  | { readonly kind: 'flood'; readonly payments: number }
  /** So many a second, flushed once each loop turn, of which there are about a thousand a second. */
  | { readonly kind: 'pace'; readonly perSecond: number; readonly seconds: number }
  | { readonly kind: 'stop' };

export type FromEdgeThread =
  | { readonly kind: 'opened'; readonly threadId: number }
  | { readonly kind: 'flooded'; readonly payments: number; readonly elapsedMs: number }
  | { readonly kind: 'paced'; readonly payments: number; readonly latenciesMs: Float64Array };

const OPENS_AT_ONCE = 2_000;

const data = workerData as EdgeThreadData;
const main = parentPort;
assert(main !== null, 'runs as a worker thread');
const tell = (message: FromEdgeThread): void => main.postMessage(message, []);

const wire = messagePort<EdgeToShard, ShardToEdge>(data.port);
const timed = new TimedPort(data.rings === null ? wire : edgeRingPort(data.rings, wire));
const link = new EdgeLink({ port: timed, edge: EDGE, onMessage: take });
const slots = new Uint32Array(data.streams);
let granted = 0;
let onGrant: () => void = () => undefined;

function take(message: EdgeLinkMessage): void {
  if (message.kind !== 'effects') return;
  for (const effect of message.effects) {
    assert(effect.kind !== 'refused', `nothing is refused (${effect.kind === 'refused' ? effect.code : ''})`);
    if (effect.kind !== 'granted') continue;
    slots[effect.to.conn - 1] = effect.grant.slot;
    granted++;
    onGrant();
  }
}

async function open(): Promise<void> {
  const terms = hopTerms(systemClock.nowMs());
  while (granted < data.streams) {
    const upTo = Math.min(data.streams, granted + OPENS_AT_ONCE);
    const all = new Promise<void>((resolve) => {
      onGrant = () => void (granted === upTo && resolve());
    });
    for (let no = granted; no < upTo; no++) assert(link.push(HANDLE, hopOpen(terms, no)), 'room for an OPEN');
    link.flush();
    await all;
  }
}

/** One object for all, as on an edge; the next word of the streams in turn. */
const row: PaymentRow = {
  slot: 0,
  index: 1,
  chain: 0,
  purpose: 0,
  target: 0,
  flags: 0,
  conn: 0,
  word: new Uint8Array(32),
};
let next = 0;

function payNext(): boolean {
  row.slot = slots[next] as number;
  row.conn = next + 1;
  row.target = next % PARTICIPANTS;
  if (!link.pay(HANDLE, row)) return false;
  next++;
  if (next < data.streams) return true;
  next = 0;
  row.index++;
  return true;
}

function flush(): void {
  timed.due();
  link.flush();
}

/** Until the last of them is credited. */
async function flood(payments: number): Promise<number> {
  timed.credited = 0;
  const startedMs = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      while (sent < payments && link.underWay < 4) {
        const upTo = Math.min(payments, sent + data.streams);
        while (sent < upTo && payNext()) sent++;
        flush();
      }
      if (timed.credited === payments) resolve();
    };
    timed.onCredit = go;
    go();
  });
  timed.onCredit = () => undefined;
  return performance.now() - startedMs;
}

async function pace(perSecond: number, seconds: number): Promise<number> {
  const payments = Math.floor(perSecond * seconds);
  timed.credited = 0;
  timed.takeLatencies();
  const startedMs = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const turn = (): void => {
      const due = Math.min(payments, Math.floor(((performance.now() - startedMs) / 1000) * perSecond));
      if (due > sent) {
        while (sent < due && payNext()) sent++;
        flush();
      }
      if (sent < payments) setTimeout(turn, 1);
      else if (timed.credited === payments) resolve();
      else timed.onCredit = () => void (timed.credited === payments && resolve());
    };
    turn();
  });
  timed.onCredit = () => undefined;
  return payments;
}

main.on('message', (message: ToEdgeThread) => void act(message));

async function act(message: ToEdgeThread): Promise<void> {
  switch (message.kind) {
    case 'open':
      await open();
      return tell({ kind: 'opened', threadId: ownThreadId() });
    case 'flood': {
      const elapsedMs = await flood(message.payments);
      return tell({ kind: 'flooded', payments: message.payments, elapsedMs });
    }
    case 'pace': {
      const payments = await pace(message.perSecond, message.seconds);
      return tell({ kind: 'paced', payments, latenciesMs: timed.takeLatencies() });
    }
    default:
      link.close();
      process.exit();
  }
}
