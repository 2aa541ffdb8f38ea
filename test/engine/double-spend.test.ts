// One account, many streams at the same moment: no satoshi is held twice, and what is held can be paid.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/core/bytes.ts';
import type { StreamId } from '../../src/core/ids.ts';
import { Client } from '../../src/edge/testing/real-edge.ts';
import { WireViewer } from '../../src/edge/testing/wire-viewer.ts';
import type { Engine } from '../../src/engine.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { FRAME, type ServerMessage } from '../../src/protocol/messages.ts';
import { bootEngine, quickTerms, temporaryFolder } from './harness.ts';

const FUND_SATS = 10_000;
const HOLD_SATS = 6_000;

type Answer = Extract<ServerMessage, { type: typeof FRAME.STREAM | typeof FRAME.ERROR }>;

function freshId(): { streamId: StreamId } {
  return { streamId: toHex(systemRandom.bytes(16)) as StreamId };
}

function answerTo(client: Client, ref: number): Promise<Answer> {
  return client.messages.next((message) =>
    (message.type === FRAME.STREAM || message.type === FRAME.ERROR) && message.ref === ref
      ? message
      : undefined,
  );
}

describe('an account with funds for one stream', () => {
  const folder = temporaryFolder();
  let engine: Engine;
  beforeAll(async () => {
    engine = await bootEngine(folder.path, { shardThreads: 2, edgeThreads: 2 });
    for (const roundId of ['left', 'right']) {
      await engine.control.createRound(quickTerms({ roundId, seconds: 60 }));
    }
  });
  afterAll(async () => {
    expect(await engine.stop()).toBe(true);
    folder.remove();
  });

  async function connected(viewer: WireViewer): Promise<{ client: Client; nonce: Uint8Array }> {
    const client = new Client(Number(new URL(engine.wsUrl).port), { viewer });
    return { client, nonce: await client.ready() };
  }

  async function funded(): Promise<WireViewer> {
    const viewer = new WireViewer();
    await engine.control.fundDevAccount({ account: viewer.account, sats: FUND_SATS, key: 'funded' });
    return viewer;
  }

  it('opens one of two in two rounds, on whichever shards and connections they are', async () => {
    const viewer = await funded();
    const ends = [await connected(viewer), await connected(viewer)];
    const answers = await Promise.all(
      ['left', 'right', 'left', 'right'].map((round, no) => {
        const { client, nonce } = ends[no % 2] ?? ends[0] ?? expect.fail();
        client.ws.send(viewer.open(round, nonce, { ref: 10 + no, holdSats: HOLD_SATS, change: freshId() }));
        return answerTo(client, 10 + no);
      }),
    );
    const granted = answers.filter(({ type }) => type === FRAME.STREAM);
    expect(granted.length).toBeGreaterThanOrEqual(1);
    await expect
      .poll(() => engine.control.balances(viewer.account))
      .toEqual({ availableSats: FUND_SATS - HOLD_SATS, heldSats: HOLD_SATS, earnedSats: 0 });
    for (const { client } of ends) client.ws.close();
  });

  it('that opens five at once in one round is left with the newest', async () => {
    const viewer = await funded();
    const { client, nonce } = await connected(viewer);
    const refs = [1, 2, 3, 4, 5];
    for (const ref of refs) {
      client.ws.send(viewer.open('left', nonce, { ref, holdSats: HOLD_SATS, change: freshId() }));
    }
    const answers = await Promise.all(refs.map((ref) => answerTo(client, ref)));
    expect(answers.at(-1)).toMatchObject({ type: FRAME.STREAM, holdSats: HOLD_SATS });
    expect(await engine.control.balances(viewer.account)).toMatchObject({ heldSats: HOLD_SATS });
    client.ws.close();
  });

  it('whose OPEN is repeated, here and elsewhere, holds once', async () => {
    const viewer = await funded();
    const { client, nonce } = await connected(viewer);
    const open = viewer.open('right', nonce, { ref: 7, holdSats: HOLD_SATS });
    for (let i = 0; i < 5; i++) client.ws.send(open);
    expect(await answerTo(client, 7)).toMatchObject({ type: FRAME.STREAM, holdSats: HOLD_SATS });
    const other = await connected(viewer);
    other.client.ws.send(open);
    expect(await answerTo(other.client, 7)).toMatchObject({ code: 'WRONG_NONCE' });
    expect(await engine.control.balances(viewer.account)).toMatchObject({ heldSats: HOLD_SATS });
    client.ws.close();
    other.client.ws.close();
  });

  it('that closes early has the rest for a stream of another round', async () => {
    const viewer = await funded();
    const { client, nonce } = await connected(viewer);
    client.ws.send(viewer.open('left', nonce, { ref: 1, holdSats: FUND_SATS }));
    const granted = await answerTo(client, 1);
    if (granted.type !== FRAME.STREAM) throw new Error(granted.code);
    client.ws.send(viewer.gift(granted.stream, [0, 3]));
    client.ws.send(viewer.close(granted.stream, 2));
    expect(await client.next(FRAME.ENDED)).toMatchObject({ ref: 2, reason: 'closed', paidSats: 3_000 });
    await expect
      .poll(() => engine.control.balances(viewer.account))
      .toMatchObject({ availableSats: 7_000, heldSats: 3_000 });
    client.ws.send(viewer.open('right', nonce, { ref: 3, holdSats: 7_000, change: freshId() }));
    expect(await answerTo(client, 3)).toMatchObject({ type: FRAME.STREAM });
    expect((await engine.reconcile()).balanced).toBe(true);
    client.ws.close();
  });
});
