import { afterEach, expect, it } from 'vitest';
import type { AccountId } from '../core/ids.ts';
import { FRAME, type ServerMessage } from '../protocol/messages.ts';
import { packPaid } from '../round/paid-rows.ts';
import type { PublicDelta, PublicGift } from '../round/public-state.ts';
import { Client, RawClient, RealEdge } from './testing/real-edge.ts';
import { HANDLE, ROUND, START_MS, delivered, testState } from './testing/rig.ts';

let edge: RealEdge;
afterEach(() => edge.stop());

/** A delta of about 3 kB. */
function largeDelta(seq: number): PublicDelta {
  const gifts = Array.from({ length: 20 }, (_, i): PublicGift => {
    const no = 20 * seq + i;
    return {
      no,
      from: '€'.repeat(32),
      account: 'ab'.repeat(20) as AccountId,
      target: 0,
      sats: 1,
      atMs: START_MS,
    };
  });
  return { atMs: START_MS + seq, viewers: seq, gifts };
}

/** Publishes the frames from `from` on, until so many bytes went out that no kernel buffer can hold them. */
async function flood(from: number, frames = 6_000): Promise<number> {
  let seq = from;
  for (; seq < from + frames; seq++) {
    edge.shard.delta(HANDLE, largeDelta(seq), { epoch: 1, seq });
    if (seq % 20 === 0) await delivered();
  }
  await delivered();
  return seq - 1;
}

/** Asserts that each state frame follows on the one before, or is a keyframe; the seq of the last one. */
function checkStates(messages: readonly ServerMessage[]): { lastSeq: number; keyframes: number } {
  let lastSeq = 0;
  let keyframes = 0;
  for (const message of messages) {
    if (message.type === FRAME.KEYFRAME) keyframes++;
    else if (message.type !== FRAME.DELTA) continue;
    else expect(message.seq).toBe(lastSeq + 1);
    lastSeq = message.seq;
  }
  return { lastSeq, keyframes };
}

/** A viewer who has stopped reading, with a stream in slot 0, beside one who reads. */
async function scene(): Promise<{ slow: RawClient; good: Client; conn: number }> {
  const slow = new RawClient(edge.server.port);
  const good = new Client(edge.server.port);
  const nonce = await slow.ready();
  await good.ready();
  slow.send(slow.viewer.join(ROUND));
  good.ws.send(good.viewer.join(ROUND));
  while (edge.shard.subscriptions.length === 0) await delivered();
  edge.shard.keyframe(HANDLE, testState(), { epoch: 1, seq: 1 });
  await Promise.all([slow.next(FRAME.KEYFRAME), good.next(FRAME.KEYFRAME)]);
  slow.send(slow.viewer.open(ROUND, nonce));
  while (edge.shard.of('open').length === 0) {
    edge.clock.advance(5);
    await delivered();
  }
  const to = edge.shard.of('open')[0]?.from ?? { edge: 3, conn: 0, ref: 0 };
  edge.shard.effects(HANDLE, { kind: 'granted', to, grant: slow.viewer.grant(0, START_MS) });
  await slow.next(FRAME.STREAM);
  slow.socket.pause();
  return { slow, good, conn: to.conn };
}

it('a viewer who stops reading gets state conflated and its last acknowledgement; a neighbour all of it', async () => {
  edge = new RealEdge();
  const { slow, good, conn } = await scene();
  const lastSeq = await flood(2);
  for (const index of [1, 2, 3]) {
    const rows = packPaid([{ slot: 0, conn, indexes: [0, index], gift: true }]);
    edge.shard.effects(HANDLE, { kind: 'paid', edge: 3, rows });
  }
  await good.messages.next((message) =>
    message.type === FRAME.DELTA && message.seq === lastSeq ? message : undefined,
  );
  expect(checkStates(good.messages.seen)).toEqual({ lastSeq, keyframes: 1 });
  expect(slow.messages.seen.length).toBeLessThan(100);

  slow.socket.resume();
  expect(await slow.next(FRAME.PAID)).toMatchObject({ indexes: [0, 3] });
  await slow.messages.next((message) =>
    message.type === FRAME.KEYFRAME && message.seq === lastSeq ? message : undefined,
  );
  edge.shard.delta(HANDLE, largeDelta(lastSeq + 1), { epoch: 1, seq: lastSeq + 1 });
  await slow.messages.next((message) =>
    message.type === FRAME.DELTA && message.seq === lastSeq + 1 ? message : undefined,
  );
  const seen = checkStates(slow.messages.seen);
  expect(seen).toEqual({ lastSeq: lastSeq + 1, keyframes: 2 });
  expect(slow.messages.seen.length).toBeLessThan(good.messages.seen.length);
});

it('a viewer who does not read at all is disconnected after the setting; a neighbour notices nothing', async () => {
  edge = new RealEdge({ slowReaderMs: 10_000 });
  const { slow, good } = await scene();
  const lastSeq = await flood(2);
  edge.clock.advance(9_000);
  expect(edge.server.edge.connections).toBe(2);
  edge.clock.advance(1_500);
  expect(edge.server.edge.connections).toBe(1);
  edge.clock.advance(5);
  await delivered();
  expect(edge.shard.of('detach')).toHaveLength(1);
  slow.socket.resume();
  await slow.ended;
  await good.messages.next((message) =>
    message.type === FRAME.DELTA && message.seq === lastSeq ? message : undefined,
  );
  expect(checkStates(good.messages.seen)).toEqual({ lastSeq, keyframes: 1 });
});
