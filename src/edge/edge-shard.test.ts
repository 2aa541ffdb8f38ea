/** An edge on real sockets with a real shard and store behind it, in one thread. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { EdgeToShard, ShardToEdge } from '../actors/messages.ts';
import { Shard } from '../actors/shard.ts';
import { portPair } from '../actors/testing/port-pair.ts';
import { testTerms } from '../actors/testing/viewer.ts';
import { ledgerAccounts } from '../ledger/journal.ts';
import { systemClock } from '../platform/clock.ts';
import { ripemd160, sha256 } from '../platform/hash.ts';
import { createLogger } from '../platform/logger.ts';
import { systemRandom } from '../platform/random.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import type { Store } from '../ports/store.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { FRAME } from '../protocol/messages.ts';
import type { RoundTerms } from '../round/terms.ts';
import { openMemoryStore } from '../store/memory/memory-store.ts';
import { Client } from './testing/real-edge.ts';
import { HANDLE, ROUND, TEST_SETTINGS } from './testing/rig.ts';
import type { WireViewer } from './testing/wire-viewer.ts';
import { type EdgeServer, startEdgeServer } from './uws-server.ts';

const logger = createLogger({ level: 'silent', room: 'test' });
let store: Store;
let terms: RoundTerms;
let server: EdgeServer;
let shard: Shard;

function startShard(): Shard {
  const started = new Shard({
    store,
    clock: systemClock,
    logger,
    defer: (run) => void setImmediate(run),
    toMain: () => undefined,
  });
  started.command({ kind: 'own', handle: HANDLE, roundId: terms.roundId });
  const [edgeEnd, shardEnd] = portPair<EdgeToShard, ShardToEdge>();
  started.link(3, shardEnd);
  server.edge.command({ kind: 'link', shard: 0, port: edgeEnd });
  return started;
}

beforeEach(async () => {
  store = openMemoryStore();
  const startsAtMs = systemClock.nowMs() - 1_000;
  terms = testTerms({ roundId: ROUND, startsAtMs, durationMs: 600_000 });
  await store.createRound({ terms, createdAtMs: startsAtMs });
  server = startEdgeServer({
    edge: 3,
    settings: { ...TEST_SETTINGS, ackIntervalMs: 200 },
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    random: systemRandom,
    hashes: { sha256, ripemd160 },
    signatures: nativeSignatures,
    logger,
  });
  shard = startShard();
  server.edge.command({ kind: 'place', place: { handle: HANDLE, roundId: terms.roundId, shard: 0 } });
});

afterEach(async () => {
  shard.command({ kind: 'stop' });
  await server.stop(CLOSE.RESTARTING);
});

async function fund(viewer: WireViewer): Promise<void> {
  const legs = [
    { account: ledgerAccounts.treasury, sats: -200_000 },
    { account: ledgerAccounts.available(viewer.account), sats: 200_000 },
  ];
  await store.post({ id: `deposit-${viewer.account}`, kind: 'deposit', atMs: 0, legs });
}

async function watcher(): Promise<Client> {
  const client = new Client(server.port);
  await client.ready();
  client.ws.send(client.viewer.join(ROUND));
  await client.next(FRAME.KEYFRAME);
  return client;
}

/** Connected, funded and paying; the number of its stream. */
async function payer(): Promise<{ client: Client; stream: number }> {
  const client = new Client(server.port);
  await fund(client.viewer);
  const nonce = await client.ready();
  client.ws.send(client.viewer.join(ROUND));
  client.ws.send(client.viewer.open(ROUND, nonce));
  const { stream } = await client.next(FRAME.STREAM);
  return { client, stream };
}

it('a gift is seen by others and acknowledged when it is durable', async () => {
  const other = await watcher();
  const { client, stream } = await payer();
  client.ws.send(client.viewer.pay(stream, 3));
  client.ws.send(client.viewer.gift(stream, [0, 5], 1));
  expect(await client.next(FRAME.PAID)).toMatchObject({ stream, indexes: [3, 5] });
  const gift = await other.messages.next((message) =>
    message.type === FRAME.DELTA ? message.delta.gifts?.[0] : undefined,
  );
  expect(gift).toMatchObject({ sats: 5_000, target: 1, from: 'Vera', account: client.viewer.account });
});

it('votes count once, and a second one gets its code', async () => {
  const other = await watcher();
  const { client, stream } = await payer();
  client.ws.send(client.viewer.vote(stream, 1));
  const votes = await other.messages.next((message) =>
    message.type === FRAME.DELTA ? message.delta.participants?.find((change) => change.votes > 0) : undefined,
  );
  expect(votes).toMatchObject({ index: 1, votes: 1 });
  client.ws.send(client.viewer.vote(stream, 0));
  expect(await client.next(FRAME.ERROR)).toMatchObject({ code: 'ALREADY_VOTED', stream, ref: 0 });
});

it('a gift that is refused twice in a moment leaves no tip behind that hides later words', async () => {
  shard.command({ kind: 'release', handle: HANDLE });
  const startsAtMs = systemClock.nowMs() + 2_000;
  terms = testTerms({ roundId: 'early-1', startsAtMs, durationMs: 600_000 });
  await store.createRound({ terms, createdAtMs: startsAtMs });
  shard.command({ kind: 'own', handle: HANDLE + 1, roundId: terms.roundId });
  const place = { handle: HANDLE + 1, roundId: terms.roundId, shard: 0 };
  server.edge.command({ kind: 'place', place });
  const client = new Client(server.port);
  await fund(client.viewer);
  const nonce = await client.ready();
  client.ws.send(client.viewer.open(terms.roundId, nonce));
  const { stream } = await client.next(FRAME.STREAM);
  for (let i = 0; i < 2; i++) {
    client.messages.clear();
    client.ws.send(client.viewer.gift(stream, [600, 0]));
    const refused = { stream, ref: 0, code: 'ROUND_NOT_OPEN', frame: FRAME.GIFT };
    expect(await client.next(FRAME.ERROR)).toMatchObject(refused);
    expect(await client.next(FRAME.STREAM)).toMatchObject({ stream, ref: 0, indexes: [0, 0] });
  }
  await delay(Math.max(0, startsAtMs + 100 - systemClock.nowMs()));
  client.ws.send(client.viewer.pay(stream, 3));
  client.ws.send(client.viewer.watch(stream, null));
  expect(await client.next(FRAME.PAID)).toMatchObject({ stream, indexes: [3, 0] });
});

it('a stream without funds is refused with its code', async () => {
  const client = new Client(server.port);
  const nonce = await client.ready();
  client.ws.send(client.viewer.open(ROUND, nonce, { ref: 44 }));
  expect(await client.next(FRAME.ERROR)).toMatchObject({ ref: 44, code: 'INSUFFICIENT_FUNDS' });
});

it('a viewer with forged words is closed, and an honest neighbour goes on paying', async () => {
  const bad = await payer();
  const good = await payer();
  for (let i = 1; i <= 3; i++) bad.client.ws.send(bad.client.viewer.badPay(bad.stream, i));
  expect(await bad.client.closed).toBe(CLOSE.BAD_WORDS);
  good.client.ws.send(good.client.viewer.pay(good.stream, 4));
  expect(await good.client.next(FRAME.PAID)).toMatchObject({ indexes: [4, 0] });
  expect(good.client.messages.seen.filter((message) => message.type === FRAME.ERROR)).toEqual([]);
});

it('a viewer who comes back on another connection goes on where it was', async () => {
  const { client, stream } = await payer();
  client.ws.send(client.viewer.gift(stream, [4, 2]));
  await client.next(FRAME.PAID);
  const again = new Client(server.port, { viewer: client.viewer });
  await again.ready();
  again.ws.send(again.viewer.attach(ROUND, 6));
  expect(await again.next(FRAME.STREAM)).toMatchObject({ ref: 6, indexes: [4, 2], paidSats: 2_004 });
  expect(await client.next(FRAME.ENDED)).toMatchObject({ stream, reason: 'taken' });
  again.ws.send(again.viewer.gift(1, [0, 3]));
  expect(await again.next(FRAME.PAID)).toMatchObject({ indexes: [4, 3] });
});

it('a shard that died and was restored goes on with the viewers that stayed connected', async () => {
  const { client, stream } = await payer();
  client.ws.send(client.viewer.gift(stream, [4, 2]));
  await client.next(FRAME.PAID);
  client.messages.clear();
  shard.command({ kind: 'stop' });
  shard = startShard();
  client.ws.send(client.viewer.gift(stream, [0, 3])); // lost with the shard: it has to be sent again
  const keyframe = await client.next(FRAME.KEYFRAME);
  expect(keyframe.state.participants[0]?.sats).toBe(2_004);
  const granted = await client.messages.next((message) =>
    message.type === FRAME.STREAM && message.ref === 0 ? message : undefined,
  );
  expect(granted).toMatchObject({ stream, indexes: [4, 2], paidSats: 2_004 });
  client.ws.send(client.viewer.pay(stream, 9));
  client.ws.send(client.viewer.gift(stream, [0, 3]));
  expect(await client.next(FRAME.PAID)).toMatchObject({ stream, indexes: [9, 3] });
  expect(client.messages.seen.filter((message) => message.type === FRAME.ERROR)).toEqual([]);
});

it('CLOSE gives back what is left of the hold, after the last acknowledgement', async () => {
  const { client, stream } = await payer();
  client.ws.send(client.viewer.pay(stream, 5));
  client.ws.send(client.viewer.close(stream, 13));
  expect(await client.next(FRAME.ENDED)).toMatchObject({ ref: 13, reason: 'closed', paidSats: 5 });
  const types = client.messages.seen.map((message) => message.type);
  expect(types.indexOf(FRAME.PAID)).toBeLessThan(types.indexOf(FRAME.ENDED));
});
