// `ringside watch` as a child process, against an edge with the real codecs and the real verifier.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type TestApi, adminHeaders, createTestApi, roundBody } from '../api/test-engine.ts';
import { TestEdge, testState } from '../client/testing/test-edge.ts';
import type { AccountId } from '../core/ids.ts';
import { systemClock } from '../platform/clock.ts';
import { FRAME, SUBPROTOCOL } from '../protocol/messages.ts';

const PROGRAM = fileURLToPath(new URL('ringside.ts', import.meta.url));
const ROUND = 'r-test';

let server: WebSocketServer;
let edge: TestEdge;
let api: TestApi;
let url: string;

beforeEach(async () => {
  edge = new TestEdge(systemClock, testState(systemClock.nowMs()));
  server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    path: '/v1/ws',
    handleProtocols: () => SUBPROTOCOL,
  });
  server.on('connection', (socket: WebSocket) => {
    const conn = edge.openSocket('', SUBPROTOCOL, {
      message: (frame) => socket.send(frame),
      close: (code) => socket.close(code === 1006 ? 4100 : code),
    });
    socket.on('message', (data: Buffer) => conn.send(new Uint8Array(data)));
  });
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  api = await createTestApi({ publicWsUrl: `ws://127.0.0.1:${port}/v1/ws` });
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  await api.app.inject({
    method: 'POST',
    url: '/v1/rounds',
    headers: adminHeaders(),
    payload: roundBody({ id: ROUND }),
  });
  api.engine.setPhase(ROUND, 'live');
});
afterEach(async () => {
  for (const socket of server.clients) socket.terminate();
  server.close();
  await api.app.close();
});

function watch(args: readonly string[], onLine: (line: string) => void = () => undefined) {
  const child = spawn(process.execPath, [PROGRAM, 'watch', '--url', url, ...args], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let stderr = '';
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      onLine(line);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const done = once(child, 'close').then(([exitCode]) => ({
    exitCode: exitCode as number | null,
    lines,
    stderr,
  }));
  return { child, done };
}

it('pays by the second for whom it was told, gives, and sums up', async () => {
  const { done } = watch(['--for', 'Bob', '--seconds', '4', '--gift', '1500', '--json']);
  const { exitCode, lines, stderr } = await done;
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toContain(`watching ${ROUND} (Battle) for Bob`);
  const events = lines.map((line): Record<string, unknown> => JSON.parse(line));
  expect(new Set(events.map((event) => event['event']))).toEqual(new Set(['state', 'end']));
  const watched = edge.payments.filter((one) => one.purpose === 'watch');
  const gifts = edge.payments.filter((one) => one.purpose === 'gift');
  expect(watched.length).toBeGreaterThan(0);
  expect(edge.payments.every((one) => one.target === 1)).toBe(true);
  expect(gifts).toEqual([{ purpose: 'gift', target: 1, sats: 1_500 }]);
  expect(events.at(-1)).toMatchObject({
    event: 'end',
    ended: 'time is up',
    acknowledgedSats: edge.paidSats,
    giftsAccepted: 1,
  });
  expect([...api.engine.funded.values()]).toEqual([{ account: expect.any(String), sats: 100_000 }]);
});

it('shows gifts of others and the result, and ends with the round', async () => {
  const { done } = watch([], (line) => {
    if (!line.startsWith('live')) return;
    const account = 'cd'.repeat(20) as AccountId;
    edge.publish({ gifts: [{ no: 1, from: 'Carl', account, target: 0, sats: 25_300, atMs: edge.nowMs() }] });
    const result = {
      ranking: [1, 0],
      paidSats: 9,
      directSats: 4,
      poolSats: 5,
      platformSats: 0,
      participantSats: [3, 6],
      txids: [],
      status: 'mined',
    } as const;
    edge.publish({ phase: 'settling' });
    edge.end('roundOver');
    edge.publish({ phase: 'settled', result });
  });
  const { exitCode, lines, stderr } = await done;
  expect(exitCode, stderr).toBe(0);
  expect(lines).toContain('Carl gives ada 25,300 sats');
  expect(lines).toContain('1 bob, 2 ada; 9 sats paid, settlement mined');
  expect(lines.at(-1)).toMatch(/^round over: round r-test is settled; you paid \d+ sats, gifts 0$/);
});

it('stops with Ctrl-C, paying up and leaving', async () => {
  const { child, done } = watch([], (line) => {
    if (line.startsWith('live')) child.kill('SIGINT');
  });
  const { exitCode, lines, stderr } = await done;
  expect(exitCode, stderr).toBe(0);
  expect(lines.at(-1)).toMatch(/^stopped: round r-test is live/);
  expect(edge.received.map((message) => message.type)).toContain(FRAME.CLOSE);
  expect([...edge.streams.values()].every((stream) => stream.conn === null)).toBe(true);
});

it('goes on after a lost connection', async () => {
  let dropped = false;
  const { done } = watch(['--seconds', '6', '--json'], () => {
    if (!dropped && edge.paidSats > 0) {
      dropped = true;
      edge.drop(4000);
    }
  });
  const { exitCode, lines, stderr } = await done;
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toContain('connection lost');
  expect(edge.opens).toBe(1);
  expect(JSON.parse(lines.at(-1) ?? '{}')).toMatchObject({ acknowledgedSats: edge.paidSats });
});

it('says so when the edge cannot be reached', async () => {
  server.close();
  for (const socket of server.clients) socket.terminate();
  const { exitCode, stderr } = await watch(['--seconds', '1']).done;
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    /ringside: the edge of the engine at ws:\/\/127\.0\.0\.1:\d+\/v1\/ws cannot be reached\n$/,
  );
});
