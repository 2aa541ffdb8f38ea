/** The shard thread of the hop benches: the engine's Shard with one round, on either kind of link. */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { MAILBOX_LIMITS } from '../../src/actors/mailbox.ts';
import type { EdgeToShard, ShardToEdge } from '../../src/actors/messages.ts';
import { messagePort } from '../../src/actors/port.ts';
import { Shard } from '../../src/actors/shard.ts';
import { assert } from '../../src/core/assert.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { ownThreadId } from '../lib/thread-cpu.ts';
import { EDGE, HANDLE, hopStore, hopTerms } from './hop-round.ts';
import { type RingPair, shardRingPort } from './ring-port.ts';

export interface ShardThreadData {
  readonly port: MessagePort;
  /** Null: everything goes by the port. */
  readonly rings: RingPair | null;
}

export type ToShardThread =
  | { readonly kind: 'saveDelay'; readonly delayMs: number }
  | { readonly kind: 'ledger' }
  | { readonly kind: 'stop' };

export type FromShardThread =
  | { readonly kind: 'ready'; readonly threadId: number }
  | { readonly kind: 'ledger'; readonly streams: number; readonly paidSats: number };

const { port, rings } = workerData as ShardThreadData;
const main = parentPort;
assert(main !== null, 'runs as a worker thread');
const tell = (message: FromShardThread): void => main.postMessage(message, []);

const terms = hopTerms(systemClock.nowMs());
const save = { delayMs: 0 };
const shard = new Shard({
  store: hopStore(terms, save),
  clock: systemClock,
  logger: createLogger({ level: 'warn', room: 'hop' }),
  defer: (run) => void setImmediate(run),
  toMain: (message) => {
    if (message.kind === 'owned') tell({ kind: 'ready', threadId: ownThreadId() });
  },
  mailbox: MAILBOX_LIMITS,
});
const wire = messagePort<ShardToEdge, EdgeToShard>(port);
const link = rings === null ? wire : shardRingPort(rings, wire);
shard.link(EDGE, link);
shard.command({ kind: 'own', handle: HANDLE, roundId: terms.roundId });

main.on('message', (message: ToShardThread) => {
  if (message.kind === 'saveDelay') save.delayMs = message.delayMs;
  else if (message.kind === 'ledger') tell({ kind: 'ledger', ...ledger() });
  else {
    link.close();
    process.exit();
  }
});

function ledger(): { readonly streams: number; readonly paidSats: number } {
  const [round] = shard.rounds();
  assert(round?.state !== undefined, 'the round is here');
  const { streams, totals } = round.state;
  return { streams: streams.count, paidSats: totals.sats.reduce((sum, sats) => sum + sats, 0) };
}
