/**
 * Entry of an edge thread: reads its data, wires the edge to the machine, and listens. Ends by itself after
 * `stop`: ending it from outside while its uWebSockets.js loop is open would abort the process. For the same
 * reason a bug, which ends any other thread on the spot, has this one close its viewers and its app first.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { EdgeToMain, EdgeToShard, MainToEdge, ShardToEdge } from './actors/messages.ts';
import { messagePort } from './actors/port.ts';
import { assert } from './core/assert.ts';
import type { EdgeSettings } from './edge/settings.ts';
import { type EdgeServer, startEdgeServer } from './edge/uws-server.ts';
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

let failed = false;
process.on('uncaughtException', (error) => {
  logger.error('edge failed', { error });
  if (failed) return;
  failed = true;
  process.exitCode = 1;
  main.send({ kind: 'failed', message: error.message });
  void server.stop(CLOSE.RESTARTING).finally(() => main.close());
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
      void server.stop(message.closeCode).finally(() => main.close());
      return;
    default:
      return server.edge.command(message);
  }
});
main.send({ kind: 'listening', port: server.port });
logger.info('listening', { host: data.host, port: server.port });
