/**
 * The bare uWebSockets.js that edges are measured beside: the options of an edge (src/edge/uws-server.ts), a message
 * handler that counts, and `publish` of the bytes it is given. Runs in a worker thread, as an edge does.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { App, DISABLED, us_socket_local_port } from 'uWebSockets.js';
import { loadConfig } from '../../src/config.ts';
import { assert } from '../../src/core/assert.ts';
import { WS_PATH } from '../../src/core/limits.ts';
import { ownThreadId } from '../lib/thread-cpu.ts';

export interface BareThreadData {
  /** An Int32Array of one: messages received. Read by whoever measures, without a word to this thread. */
  readonly received: SharedArrayBuffer;
}

/** Publishes the frame to every socket. */
export type ToBareThread = { readonly frame: Uint8Array };

export interface BareReady {
  readonly port: number;
  readonly threadId: number;
}

const TOPIC = 'all';

assert(parentPort !== null, 'runs as a worker thread');
const main = parentPort;
const received = new Int32Array((workerData as BareThreadData).received);
const { maxFrameBytes, maxBackpressureBytes, idleTimeoutMs } = loadConfig({}, []);

const app = App();
app.ws(WS_PATH, {
  maxPayloadLength: maxFrameBytes * 4,
  maxBackpressure: maxBackpressureBytes,
  idleTimeout: Math.ceil(idleTimeoutMs / 1000),
  sendPingsAutomatically: true,
  compression: DISABLED,
  open: (ws) => void ws.subscribe(TOPIC),
  message: () => void (received[0] = (received[0] as number) + 1),
});
app.listen('127.0.0.1', 0, (socket) => {
  assert(socket !== false, 'there is a free port');
  const ready: BareReady = { port: us_socket_local_port(socket), threadId: ownThreadId() };
  main.postMessage(ready, []);
});
main.on('message', ({ frame }: ToBareThread) => void app.publish(TOPIC, frame, true));
