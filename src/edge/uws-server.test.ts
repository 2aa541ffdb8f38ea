import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { encodeClient } from '../protocol/client-codec.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { FRAME } from '../protocol/messages.ts';
import type { EdgeSettings } from './settings.ts';
import { Client, RawClient, RealEdge } from './testing/real-edge.ts';
import { HANDLE, ROUND, delivered, testState } from './testing/rig.ts';

const edges: RealEdge[] = [];
afterEach(() => Promise.all(edges.splice(0).map((edge) => edge.stop())));

function start(settings: Partial<EdgeSettings> = {}): RealEdge {
  const edge = new RealEdge(settings);
  edges.push(edge);
  return edge;
}

/** Status of an upgrade request: 101 when it was taken. */
function upgradeStatus(edge: RealEdge, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const req = request(`${edge.url}/v1/ws`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...headers,
      },
    });
    req.on('upgrade', (res, socket) => {
      socket.destroy();
      resolve(res.statusCode ?? 0);
    });
    req.on('response', (res) => {
      res.resume();
      resolve(res.statusCode ?? 0);
    });
    req.on('error', reject);
    req.end();
  });
}

describe('HTTP', () => {
  it('answers health, and nothing else but upgrades', async () => {
    const edge = start();
    const health = await fetch(`${edge.url}/healthz`);
    expect([health.status, await health.text()]).toEqual([200, 'ok']);
    expect((await fetch(`${edge.url}/v1/ws`)).status).toBe(426);
    expect((await fetch(`${edge.url}/`)).status).toBe(404);
  });

  it('upgrades with the subprotocol and an allowed origin only', async () => {
    const edge = start({ allowedOrigins: ['https://a.example'] });
    const protocol = { 'sec-websocket-protocol': 'ringside.v1' };
    expect(await upgradeStatus(edge, {})).toBe(400);
    expect(await upgradeStatus(edge, { 'sec-websocket-protocol': 'ringside.v9' })).toBe(400);
    expect(await upgradeStatus(edge, { ...protocol, origin: 'https://evil.example' })).toBe(403);
    expect(await upgradeStatus(edge, { ...protocol, origin: 'https://a.example' })).toBe(101);
    expect(await upgradeStatus(edge, protocol)).toBe(101);
  });
});

describe('connections', () => {
  it('agree on the subprotocol, and authenticate over a real socket', async () => {
    const edge = start();
    const client = new Client(edge.server.port);
    await client.ready();
    expect(client.ws.protocol).toBe('ringside.v1');
    expect(edge.server.edge.connections).toBe(1);
    client.ws.close(1000);
    expect(await client.closed).toBe(1000);
  });

  it('from one address are limited, and make room when they go', async () => {
    const edge = start({ maxConnectionsPerAddress: 2 });
    const clients = [new Client(edge.server.port), new Client(edge.server.port)];
    await Promise.all(clients.map((client) => client.ready()));
    const third = new Client(edge.server.port);
    expect(await third.closed).toBe(CLOSE.TOO_MANY_CONNECTIONS);
    clients[0]?.ws.close();
    await clients[0]?.closed;
    const fourth = new Client(edge.server.port);
    await fourth.ready();
    expect(edge.server.edge.connections).toBe(2);
  });

  it('behind a trusted proxy are counted for the address that it saw', async () => {
    const edge = start({ maxConnectionsPerAddress: 1, trustProxy: true });
    const from = (address: string): Client =>
      new Client(edge.server.port, { headers: { 'X-Forwarded-For': `10.9.9.9, ${address}` } });
    const [one, other] = [from('203.0.113.1'), from('203.0.113.2')];
    await Promise.all([one.ready(), other.ready()]);
    expect(await from('203.0.113.1').closed).toBe(CLOSE.TOO_MANY_CONNECTIONS);
  });

  it('in all are limited', async () => {
    const edge = start({ maxConnections: 1 });
    await new Client(edge.server.port).ready();
    expect(await new Client(edge.server.port).closed).toBe(CLOSE.OVERLOADED);
  });

  it('that do not authenticate in time are closed', async () => {
    const edge = start();
    const client = new Client(edge.server.port);
    await client.next(FRAME.WELCOME);
    edge.clock.advance(5_100);
    expect(await client.closed).toBe(CLOSE.AUTH_TIMEOUT);
  });

  it('that send text, garbage or too much get coded errors; their neighbour notices nothing', async () => {
    const edge = start({ maxFrameBytes: 2_048 });
    const neighbour = new Client(edge.server.port);
    await neighbour.ready();

    const text = new Client(edge.server.port);
    await text.ready();
    for (let i = 0; i < 3; i++) text.ws.send('hello');
    expect(await text.next(FRAME.ERROR)).toMatchObject({ code: 'TEXT_FRAME' });
    expect(await text.closed).toBe(CLOSE.PROTOCOL_ERROR);

    const garbage = new Client(edge.server.port);
    await garbage.ready();
    for (let i = 0; i < 3; i++) garbage.ws.send(Uint8Array.of(0x33, 1, 2));
    expect(await garbage.next(FRAME.ERROR)).toMatchObject({ code: 'UNKNOWN_FRAME' });
    expect(await garbage.closed).toBe(CLOSE.PROTOCOL_ERROR);

    const large = new Client(edge.server.port);
    await large.ready();
    large.ws.send(new Uint8Array(2_049));
    expect(await large.next(FRAME.ERROR)).toMatchObject({ code: 'BAD_FRAME' });
    expect(await large.closed).toBe(CLOSE.PROTOCOL_ERROR);

    const huge = new Client(edge.server.port);
    await huge.ready();
    huge.ws.send(new Uint8Array(100_000));
    expect(await huge.closed).toBe(1006); // not even looked at

    const broken = new RawClient(edge.server.port);
    await broken.ready();
    broken.socket.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
    await broken.ended;

    neighbour.ws.send(encodeClient({ type: FRAME.TIME, token: 5 }));
    expect(await neighbour.next(FRAME.CLOCK)).toMatchObject({ token: 5 });
    expect(neighbour.ws.readyState).toBe(WebSocket.OPEN);
    expect(edge.server.edge.connections).toBe(1);
  });

  it('are all closed with the code when the edge stops, and no more are taken', async () => {
    const edge = start();
    const [client, raw] = [new Client(edge.server.port), new RawClient(edge.server.port)];
    await Promise.all([client.ready(), raw.ready()]);
    await edges.pop()?.stop(CLOSE.RESTARTING);
    expect(await client.closed).toBe(CLOSE.RESTARTING);
    await raw.ended;
    expect(raw.closeCode).toBe(CLOSE.RESTARTING);
    expect(await new Client(edge.server.port).closed).toBe(-1);
  });
});

it('one encoded frame reaches everybody who follows the round, and nobody else', async () => {
  const edge = start();
  const clients = [new Client(edge.server.port), new Client(edge.server.port), new Client(edge.server.port)];
  await Promise.all(clients.map((client) => client.ready()));
  const [one, two, other] = clients;
  for (const client of [one, two]) client?.ws.send(client.viewer.join(ROUND));
  while (edge.shard.subscriptions.length === 0) await delivered();
  edge.shard.keyframe(HANDLE, testState(), { epoch: 1, seq: 1 });
  await Promise.all([one?.next(FRAME.KEYFRAME), two?.next(FRAME.KEYFRAME)]);
  edge.shard.delta(HANDLE, { atMs: 1, viewers: 2 }, { epoch: 1, seq: 2 });
  const expected = { epoch: 1, seq: 2, delta: { viewers: 2 } };
  expect(await one?.next(FRAME.DELTA)).toMatchObject(expected);
  expect(await two?.next(FRAME.DELTA)).toMatchObject(expected);
  other?.ws.send(encodeClient({ type: FRAME.TIME, token: 1 }));
  await other?.next(FRAME.CLOCK);
  expect(other?.messages.seen.filter((message) => message.type === FRAME.DELTA)).toEqual([]);
});
