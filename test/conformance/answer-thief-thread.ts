/**
 * A TCP proxy in front of a server, in a thread of its own: connecting blocks the main thread's loop. It can
 * keep the server's answers to itself for a while, or be gone altogether. Controlled by answer-thief.ts.
 */
import { type Socket, connect, createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { ThiefOrder, ThiefReport } from './answer-thief.ts';

if (parentPort === null) throw new Error('runs as a worker thread');
const main = parentPort;
const { host, port } = workerData as { host: string; port: number };
const sockets = new Set<Socket>();
let isStealing = false;
let isGone = false;
let stolenBytes = 0;

const tell = (report: ThiefReport): void => main.postMessage(report, []);

const server = createServer((near) => {
  if (isGone) {
    near.destroy();
    return;
  }
  const far = connect(port, host);
  for (const socket of [near, far]) {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      near.destroy();
      far.destroy();
    });
  }
  near.on('data', (data) => void far.write(data));
  far.on('data', (data) => {
    if (isStealing) stolenBytes += data.length;
    else near.write(data);
  });
});

main.on('message', (order: ThiefOrder) => {
  if (order === 'steal' || order === 'stop') isStealing = order === 'steal';
  else isGone = order === 'vanish' || order === 'end';
  if (isGone) for (const socket of sockets) socket.destroy();
  if (order === 'end') {
    server.close();
    main.close();
  }
  tell({ kind: 'done', stolenBytes });
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy is not listening');
  tell({ kind: 'listening', port: address.port });
});
