// Everything that can be wrong with what comes in, against a whole engine: each gets its coded error, and an honest
// viewer beside all of it goes on paying and giving as if nothing had happened.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Viewer } from '../../src/client/viewer.ts';
import { Client, RawClient } from '../../src/edge/testing/real-edge.ts';
import { WireViewer } from '../../src/edge/testing/wire-viewer.ts';
import type { Engine } from '../../src/engine.ts';
import { CLOSE } from '../../src/protocol/close-codes.ts';
import { type ErrorMessage, FRAME } from '../../src/protocol/messages.ts';
import {
  bootEngine,
  newViewer,
  paidInReceipt,
  parseReceipt,
  quickTerms,
  temporaryFolder,
} from './harness.ts';

const ROUND = 'open';
const OVER = 'over';
const ADMIN_TOKEN = 'a-token-for-tests';

const folder = temporaryFolder();
let engine: Engine;
let port = 0;
let honest: Viewer;
let given = 0;
const noticed: unknown[] = [];

beforeAll(async () => {
  engine = await bootEngine(folder.path, { adminToken: ADMIN_TOKEN });
  port = Number(new URL(engine.wsUrl).port);
  const over = quickTerms({ roundId: OVER, seconds: 1 });
  const nowMs = Date.now();
  await engine.control.createRound({ ...over, end: { kind: 'time', atMs: nowMs + 1 }, closingMs: 0 });
  const open = quickTerms({ roundId: ROUND, seconds: 60 });
  await engine.control.createRound(open);
  honest = newViewer(engine.wsUrl);
  await engine.control.fundDevAccount({ account: honest.account, sats: 10_000, key: 'honest' });
  await honest.connect();
  expect(await honest.follow(open.roundId)).toEqual({ ok: true });
  expect(await honest.watch(0)).toEqual({ ok: true });
  honest.on('connection', (state) => noticed.push(state));
  honest.on('stream', (change) => noticed.push(change));
  honest.on('error', (error) => noticed.push(error));
  expect(await engine.untilPhase(over.roundId, 'settled', 10_000)).toBe(true);
});

afterAll(async () => {
  expect(await engine.stop()).toBe(true);
  folder.remove();
});

/** After each piece of nonsense. */
async function honestGives(): Promise<void> {
  given += 3;
  expect(await honest.gift(1, 3)).toEqual({ ok: true });
  expect(noticed).toEqual([]);
}

async function funded(viewer = new WireViewer()): Promise<WireViewer> {
  await engine.control.fundDevAccount({ account: viewer.account, sats: 1_000, key: 'funded' });
  return viewer;
}

async function connected(viewer?: WireViewer): Promise<{ client: Client; nonce: Uint8Array }> {
  const client = new Client(port, viewer === undefined ? {} : { viewer });
  return { client, nonce: await client.ready() };
}

/** With an open stream of a funded viewer. */
async function paying(): Promise<{ client: Client; viewer: WireViewer; stream: number }> {
  const viewer = await funded();
  const { client, nonce } = await connected(viewer);
  client.ws.send(viewer.open(ROUND, nonce, { holdSats: 500 }));
  const { stream } = await client.next(FRAME.STREAM);
  return { client, viewer, stream };
}

const seen = new WeakSet<ErrorMessage>();

/** The next ERROR that was not looked at yet. */
async function nextError(client: Client): Promise<ErrorMessage> {
  const error = await client.messages.next((message) =>
    message.type === FRAME.ERROR && !seen.has(message) ? message : undefined,
  );
  seen.add(error);
  return error;
}

describe('a frame that is', () => {
  const viewer = new WireViewer();
  const frames: readonly (readonly [string, Uint8Array, string])[] = [
    ['truncated', viewer.pay(1, 1).slice(0, 20), 'BAD_FRAME'],
    ['empty', new Uint8Array(0), 'BAD_FRAME'],
    ['of an unknown type', Uint8Array.of(0x7f, 1, 2), 'UNKNOWN_FRAME'],
    ['nested without end', Uint8Array.from([FRAME.JOIN, ...Array<number>(2_000).fill(0x91)]), 'BAD_FRAME'],
    ['a list of four billion', Uint8Array.of(FRAME.JOIN, 0xdd, 0xff, 0xff, 0xff, 0xff), 'BAD_FRAME'],
    ['a string of four billion', Uint8Array.of(FRAME.JOIN, 0xdb, 0xff, 0xff, 0xff, 0xff), 'BAD_FRAME'],
    ['followed by more', Uint8Array.from([...viewer.vote(1, 0), 0]), 'BAD_FRAME'],
  ];
  it.each(frames)('%s is refused, and the third of them closes', async (_, frame, code) => {
    const { client } = await connected();
    for (let i = 0; i < 3; i++) {
      client.ws.send(frame);
      expect(await nextError(client)).toMatchObject({ code, retryable: false });
    }
    expect(await client.closed).toBe(CLOSE.PROTOCOL_ERROR);
    await honestGives();
  });

  it('oversized closes at once', async () => {
    const { client } = await connected();
    client.ws.send(new Uint8Array(5_000));
    expect(await nextError(client)).toMatchObject({ code: 'BAD_FRAME' });
    expect(await client.closed).toBe(CLOSE.PROTOCOL_ERROR);
    await honestGives();
  });

  it('text is refused', async () => {
    const { client } = await connected();
    client.ws.send('hello');
    expect(await nextError(client)).toMatchObject({ code: 'TEXT_FRAME' });
    client.ws.close();
    await honestGives();
  });

  it('sent before AUTH, or with a forged AUTH, is refused', async () => {
    const early = new Client(port);
    early.ws.on('open', () => early.ws.send(early.viewer.join(ROUND)));
    expect(await nextError(early)).toMatchObject({ code: 'NOT_AUTHENTICATED' });
    early.ws.close();
    const forger = new Client(port);
    await forger.next(FRAME.WELCOME);
    forger.ws.send(forger.viewer.auth(new Uint8Array(32)));
    expect(await nextError(forger)).toMatchObject({ code: 'BAD_SIGNATURE' });
    expect(await forger.closed).toBe(CLOSE.AUTH_FAILED);
    await honestGives();
  });

  it('one of a flood closes its connection, and no other', async () => {
    const flood = new RawClient(port);
    await flood.ready();
    for (let i = 0; i < 200; i++) flood.send(flood.viewer.join('nowhere', { ref: i + 1 }));
    await flood.ended;
    expect(flood.closeCode).toBe(CLOSE.OVERLOADED);
    await honestGives();
  });
});

describe('OPEN and JOIN', () => {
  it('signed by another key, for another nonce or without funds, open nothing', async () => {
    const { client, nonce } = await connected();
    const { viewer } = client;
    client.ws.send(viewer.open(ROUND, nonce, { signer: new WireViewer() }));
    expect(await nextError(client)).toMatchObject({ code: 'BAD_SIGNATURE' });
    client.ws.send(viewer.open(ROUND, new Uint8Array(32)));
    expect(await nextError(client)).toMatchObject({ code: 'WRONG_NONCE' });
    client.ws.send(viewer.open(ROUND, nonce, { change: { payer: new WireViewer().account } }));
    expect(await nextError(client)).toMatchObject({ code: 'WRONG_PAYER' });
    client.ws.send(viewer.open(ROUND, nonce));
    expect(await nextError(client)).toMatchObject({ code: 'INSUFFICIENT_FUNDS' });
    client.ws.close();
    await honestGives();
  });

  it('of a round that is unknown or over are refused', async () => {
    const { client, nonce } = await connected(await funded());
    client.ws.send(client.viewer.join('nowhere'));
    expect(await nextError(client)).toMatchObject({ code: 'ROUND_NOT_FOUND' });
    client.ws.send(client.viewer.open('nowhere', nonce));
    expect(await nextError(client)).toMatchObject({ code: 'ROUND_NOT_FOUND' });
    client.ws.send(client.viewer.open(OVER, nonce, { holdSats: 500 }));
    expect(await nextError(client)).toMatchObject({ code: 'ROUND_OVER' });
    client.ws.close();
    await honestGives();
  });
});

describe('on an open stream', () => {
  it('words of another stream, of the future or for nobody are refused, and the third bad one closes', async () => {
    const { client, viewer, stream } = await paying();
    client.ws.send(viewer.pay(stream + 1, 1));
    expect(await nextError(client)).toMatchObject({ code: 'UNKNOWN_STREAM', stream: stream + 1 });
    client.ws.send(viewer.pay(stream, 1, 99));
    expect(await nextError(client)).toMatchObject({ code: 'UNKNOWN_TARGET' });
    client.ws.send(viewer.pay(stream, 300));
    expect(await nextError(client)).toMatchObject({ code: 'TOO_EARLY' });
    client.ws.send(viewer.gift(stream, [0, 1]));
    expect(await nextError(client)).toMatchObject({ code: 'OVER_HOLD' });
    const other = new WireViewer();
    for (let i = 0; i < 3; i++) client.ws.send(other.pay(stream, 1));
    for (let i = 0; i < 3; i++) expect(await nextError(client)).toMatchObject({ code: 'BAD_WORD', stream });
    expect(await client.closed).toBe(CLOSE.BAD_WORDS);
    await honestGives();
  });

  it('a second vote and a flood of claps are refused', async () => {
    const { client, viewer, stream } = await paying();
    client.ws.send(viewer.vote(stream, 0));
    client.ws.send(viewer.vote(stream, 1));
    expect(await nextError(client)).toMatchObject({ code: 'ALREADY_VOTED', stream });
    client.ws.send(viewer.clap(stream, 0, 100_000));
    expect(await nextError(client)).toMatchObject({ code: 'CLAP_FLOOD', stream });
    client.ws.close();
    await honestGives();
  });

  it('nobody else can pay, attach or close it', async () => {
    const { client, viewer } = await paying();
    const thief = await connected();
    thief.client.ws.send(viewer.attach(ROUND));
    expect(await nextError(thief.client)).toMatchObject({ code: 'WRONG_PAYER' });
    thief.client.ws.send(viewer.close(1));
    expect(await nextError(thief.client)).toMatchObject({ code: 'UNKNOWN_STREAM' });
    thief.client.ws.close();
    client.ws.close();
    await honestGives();
  });
});

async function post(path: string, body: string, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(`${engine.apiUrl}/v1${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${ADMIN_TOKEN}`,
      'idempotency-key': `bad-input-${Math.random()}`,
      ...headers,
    },
    body,
  });
  return { status: response.status, ...((await response.json()) as object) };
}

function refused(status: number, code: string): object {
  return { status, error: { code } };
}

describe('the API', () => {
  const participants = [{ name: 'Ada' }, { name: 'Bob' }];

  it('refuses JSON that is none, too large, or from somebody without the token', async () => {
    expect(await post('/rounds', '{"title":')).toMatchObject(refused(400, 'BAD_REQUEST'));
    const large = JSON.stringify({ title: 'x'.repeat(2_000_000) });
    expect(await post('/rounds', large)).toMatchObject(refused(413, 'PAYLOAD_TOO_LARGE'));
    const wrong = { authorization: 'Bearer wrong' };
    expect(await post('/rounds', '{}', wrong)).toMatchObject(refused(401, 'UNAUTHORIZED'));
    expect(await post(`/rounds/${ROUND}/cancel`, '{}', wrong)).toMatchObject(refused(401, 'UNAUTHORIZED'));
    await honestGives();
  });

  it.each([
    'id',
    'title',
    'participants',
    'startsInSeconds',
    'startsAtMs',
    'lobbySeconds',
    'durationSeconds',
    'endHeight',
    'rateSatsPerSecond',
    'directBps',
    'prize',
    'scoring',
    'overtime',
    'closingSeconds',
    'payoutMinSats',
    'platformAccount',
  ])('names the field %s when its type is wrong', async (field) => {
    const good = { participants: participants.map((one, i) => ({ ...one, account: `${i + 1}`.repeat(40) })) };
    for (const value of [true, { $gt: '' }, [[]]]) {
      const answer = await post('/rounds', JSON.stringify({ ...good, [field]: value }));
      expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_FAILED' } });
      expect(JSON.stringify(answer)).toContain(field);
    }
  });
});

it('the honest viewer has paid for its seconds and its gifts, to the sat', async () => {
  const ended = new Promise<number>((resolve) => honest.on('ended', ({ paidSats }) => resolve(paidSats)));
  await honestGives();
  noticed.length = 0;
  const left = await honest.leave();
  expect(left).toEqual({ ok: true });
  const paid = await ended;
  expect(paid).toBeGreaterThanOrEqual(given);
  // The rest of the hold goes back right after ENDED.
  await expect
    .poll(() => engine.control.balances(honest.account))
    .toMatchObject({ availableSats: 10_000 - paid, heldSats: paid });
  const over = await engine.control.receipt(quickTerms({ roundId: OVER, seconds: 1 }).roundId);
  if (!over.ok) throw new Error(over.code);
  expect(paidInReceipt(parseReceipt(over.bytes), honest)).toBe(0);
  expect((await engine.reconcile()).balanced).toBe(true);
  honest.close();
});
