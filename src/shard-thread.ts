/**
 * Entry of a shard thread: wires a Shard to the store named in its workerData, the machine's clock, main and the
 * links to the edges. Started by the supervisor. Ends by itself after `stop`: everything that keeps its loop
 * alive is closed. Whatever is thrown here, in a message or in a promise, ends the thread with an error, and
 * the supervisor starts another one.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { MailboxLimits } from './actors/mailbox.ts';
import {
  BUSY_EVERY_MS,
  type EdgeToShard,
  type MainToShard,
  type ShardToEdge,
  type ShardToMain,
} from './actors/messages.ts';
import { messagePort } from './actors/port.ts';
import { rehearsal } from './actors/rehearsal.ts';
import { Shard } from './actors/shard.ts';
import { assert } from './core/assert.ts';
import { type StoreChoice, openStore } from './open-store.ts';
import { busyMeter } from './platform/busy.ts';
import { systemClock } from './platform/clock.ts';
import { type LogLevel, createLogger } from './platform/logger.ts';

/** workerData of a shard. */
export interface ShardThreadData {
  readonly shard: number;
  /** The store, which main has open. */
  readonly store: StoreChoice;
  readonly mailbox: MailboxLimits;
  readonly logLevel: LogLevel;
  /** It is to take over should the running one end, and has time until then. */
  readonly isSpare: boolean;
}

/** After so many times restoring is as fast as it gets. */
const REHEARSALS = 3;

const { shard: number, store: choice, mailbox, logLevel, isSpare } = workerData as ShardThreadData;
assert(parentPort !== null, 'runs as a worker thread');
const main = messagePort<ShardToMain, MainToShard>(parentPort);
const logger = createLogger({ level: logLevel, room: `shard-${number}` });
const store = await openStore(choice);

const busy = busyMeter();
const report = systemClock.every(BUSY_EVERY_MS, () => main.send({ kind: 'busy', part: busy() }));

function toMain(message: ShardToMain): void {
  main.send(message);
  if (message.kind !== 'stopped') return;
  report.cancel();
  main.close();
  void store.close();
}

const shard = new Shard({
  store,
  clock: systemClock,
  logger,
  defer: (run) => void setImmediate(run),
  toMain,
  mailbox,
});

main.onMessage((message) => {
  if (message.kind === 'link') shard.link(message.edge, messagePort<ShardToEdge, EdgeToShard>(message.port));
  else shard.command(message);
});
main.send({ kind: 'ready' });

if (isSpare) {
  const restore = rehearsal();
  for (let no = 0; no < REHEARSALS; no++) {
    restore();
    await nextTurn(); // mail goes first
  }
}
