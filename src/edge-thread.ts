/**
 * Entry of an edge thread: reads its data, wires the edge to the machine, and listens. Ends by itself after
 * `stop`: ending it from outside while its uWebSockets.js loop is open would abort the process. For the same
 * reason a bug, which ends any other thread on the spot, has this one close its viewers and its app first.
 */
import { parentPort, workerData } from 'node:worker_threads';
import {
  BUSY_EVERY_MS,
  type EdgeToMain,
  type EdgeToShard,
  type MainToEdge,
  type ShardToEdge,
} from './actors/messages.ts';
import { messagePort } from './actors/port.ts';
import { assert } from './core/assert.ts';
import type { EdgeSettings } from './edge/settings.ts';
import { type EdgeServer, startEdgeServer } from './edge/uws-server.ts';
import { busyMeter } from './platform/busy.ts';
import { systemClock } from './platform/clock.ts';
import { ripemd160, sha256 } from './platform/hash.ts';
import { type LogLevel, createLogger } from './platform/logger.ts';
import { systemRandom } from './platform/random.ts';
import { nativeSignatures } from './platform/signatures.ts';
import { CLOSE } from './protocol/close-codes.ts';

/** workerData of an edge thread. */
export interface EdgeThreadData {
  readonly edge: number;
  readonly host: string;
  /** 0: a free one; `listening` tells which. */
  readonly port: number;
  readonly settings: EdgeSettings;
  readonly logLevel: LogLevel;
}

assert(parentPort !== null, 'this file runs as a worker thread');
const main = messagePort<EdgeToMain, MainToEdge>(parentPort);
const data = workerData as EdgeThreadData;
const logger = createLogger({ level: data.logLevel, room: `edge-${data.edge}` });

const server = start();

/** Main says why there is no engine: a port that is taken, as a rule. */
function start(): EdgeServer {
  try {
    return startEdgeServer({
      ...data,
      clock: systemClock,
      random: systemRandom,
      hashes: { sha256, ripemd160 },
      signatures: nativeSignatures,
      logger,
    });
  } catch (error) {
    main.send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

const busy = busyMeter();
const report = systemClock.every(BUSY_EVERY_MS, () => main.send({ kind: 'busy', part: busy() }));

/** Closes the viewers with this code, then everything that keeps the thread alive. */
async function stop(closeCode: number): Promise<void> {
  report.cancel();
  try {
    await server.stop(closeCode);
  } finally {
    main.close();
  }
}

let failed = false;
process.on('uncaughtException', (error) => {
  logger.error('edge failed', { error });
  if (failed) return;
  failed = true;
  process.exitCode = 1;
  main.send({ kind: 'failed', message: error.message });
  void stop(CLOSE.RESTARTING);
});

main.onMessage((message) => {
  switch (message.kind) {
    case 'link': {
      const port = messagePort<EdgeToShard, ShardToEdge>(message.port);
      return server.edge.command({ ...message, port });
    }
    case 'stats':
      return main.send({ kind: 'stats', stats: server.edge.stats() });
    case 'stop':
      void stop(message.closeCode);
      return;
    default:
      return server.edge.command(message);
  }
});
main.send({ kind: 'listening', port: server.port });
logger.info('listening', { host: data.host, port: server.port });
