import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { RawWebSocket, type WebSocketTarget, webSocketTarget } from './raw-web-socket.ts';

/** The other side is the implementation everybody uses. */
let server: WebSocketServer;
let target: WebSocketTarget;

beforeEach(async () => {
  server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    handleProtocols: (offered) => (offered.has('ringside.v1') ? 'ringside.v1' : false),
  });
  await once(server, 'listening');
  target = webSocketTarget(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/ws`, 'ringside.v1');
});

afterEach(async () => {
  for (const one of server.clients) one.terminate();
  server.close();
  await once(server, 'close');
});

interface Ends {
  readonly client: RawWebSocket;
  readonly peer: WebSocket;
  readonly received: Buffer[];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

async function connected(): Promise<Ends> {
  const received: Buffer[] = [];
  const opened = Promise.withResolvers<undefined>();
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  const connection = once(server, 'connection');
  const client = new RawWebSocket(target, {
    opened: () => opened.resolve(undefined),
    received: (bytes, from, to) => void received.push(Buffer.from(bytes.slice(from, to))),
    closed: (code, reason) => closed.resolve({ code, reason }),
  });
  const [peer] = (await connection) as [WebSocket];
  await opened.promise;
  return { client, peer, received, closed: closed.promise };
}

test.each([0, 1, 125, 126, 4_000, 4_095, 20_000, 65_535])('a message of %i bytes arrives', async (size) => {
  const { client, peer } = await connected();
  const bytes = Uint8Array.from({ length: size }, (_, at) => at);
  const message = once(peer, 'message');
  expect(client.send(bytes)).toBe(true);
  bytes.fill(0xff); // it is the caller's again
  const [got, isBinary] = (await message) as [Buffer, boolean];
  expect(isBinary).toBe(true);
  expect(got.equals(Buffer.from(Uint8Array.from({ length: size }, (_, at) => at)))).toBe(true);
});

test('what a peer that does not read is sent waits, and stays what it was', async () => {
  const { client, peer } = await connected();
  peer.pause();
  const got: Buffer[] = [];
  peer.on('message', (bytes: Buffer) => void got.push(bytes));
  const count = 3_000;
  for (let no = 0; no < count; no++) client.send(new Uint8Array(4_000).fill(no % 251));
  expect(client.bufferedBytes).toBeGreaterThan(0);
  peer.resume();
  await expect.poll(() => got.length, { timeout: 10_000 }).toBe(count);
  for (const [no, bytes] of got.entries()) {
    expect(bytes.length).toBe(4_000);
    expect(bytes.every((byte) => byte === no % 251)).toBe(true);
  }
});

test('messages of the server arrive in order, long ones too', async () => {
  const { peer, received } = await connected();
  const sizes = [1, 70_000, 125, 126, 200_000, 0, 3];
  for (const [no, size] of sizes.entries()) peer.send(new Uint8Array(size).fill(no));
  await expect.poll(() => received.length).toBe(sizes.length);
  for (const [no, bytes] of received.entries()) {
    expect(bytes.equals(Buffer.alloc(sizes[no] ?? 0, no))).toBe(true);
  }
});

test('a ping is answered', async () => {
  const { peer } = await connected();
  const pong = once(peer, 'pong');
  peer.ping('anybody there');
  expect(String((await pong)[0])).toBe('anybody there');
});

test('a reader that pauses gets everything later', async () => {
  const { client, peer, received } = await connected();
  client.pauseReading();
  peer.send('one');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(received).toEqual([]);
  client.resumeReading();
  await expect.poll(() => received.map(String)).toEqual(['one']);
});

test('the close code of the server is told', async () => {
  const { peer, closed } = await connected();
  peer.close(4203, 'bad words');
  await expect(closed).resolves.toEqual({ code: 4203, reason: '' });
});

test('a goodbye is answered, a lost connection is 1006', async () => {
  const one = await connected();
  one.client.close();
  await expect(one.closed).resolves.toMatchObject({ code: 1000 });
  expect(one.client.send(new Uint8Array(1))).toBe(false);
  const other = await connected();
  other.peer.terminate();
  await expect(other.closed).resolves.toMatchObject({ code: 1006 });
});

/** Why a connection never opened. */
function endOf(to: WebSocketTarget): Promise<string> {
  return new Promise((resolve, reject) => {
    const opened = (): void => reject(new Error('it opened'));
    const socket = new RawWebSocket(to, {
      opened,
      received: opened,
      closed: (_, reason) => resolve(reason),
    });
    expect(socket.open).toBe(false);
  });
}

test('nobody there, and nobody who speaks the subprotocol, ends with a reason', async () => {
  await expect(endOf({ ...target, port: 1 })).resolves.toContain('ECONNREFUSED');
  await expect(endOf({ ...target, subprotocol: 'what' })).resolves.toContain('subprotocol');
});
