import { describe, expect, it } from 'vitest';
import { assert } from '../core/assert.ts';
import type { RoundId } from '../core/ids.ts';
import { encodeClient } from '../protocol/client-codec.ts';
import { FRAME } from '../protocol/messages.ts';
import { packPaid } from '../round/paid-rows.ts';
import {
  HANDLE,
  ROUND,
  Rig,
  START_MS,
  connOf,
  delivered,
  errorsOf,
  nonceOf,
  testState,
  typesOf,
} from './testing/rig.ts';
import { WireViewer } from './testing/wire-viewer.ts';

/** A rig whose round is followed at epoch 1, with the deltas `from` to `to` published. */
async function following(options: { from: number; to: number }): Promise<Rig> {
  const rig = new Rig();
  await rig.joined(new WireViewer()); // seq 5
  for (let seq = options.from; seq <= options.to; seq++) await publish(rig, seq);
  return rig;
}

async function publish(rig: Rig, seq: number, epoch = 1): Promise<void> {
  rig.shard.delta(HANDLE, { atMs: START_MS + seq, viewers: seq }, { epoch, seq });
  await delivered();
}

describe('JOIN', () => {
  it('follows the round from a keyframe on, and hears each delta once', async () => {
    const rig = await following({ from: 6, to: 8 });
    const viewer = new WireViewer();
    const socket = rig.ready(viewer);
    rig.send(socket, viewer.join(ROUND, { ref: 21 }));
    expect(socket.take()).toMatchObject([
      { type: FRAME.JOINED, ref: 21, round: ROUND, handle: HANDLE, resumed: false },
      { type: FRAME.KEYFRAME, handle: HANDLE, epoch: 1, seq: 8, state: { viewers: 8 } },
    ]);
    await publish(rig, 9);
    expect(socket.take()).toMatchObject([{ type: FRAME.DELTA, seq: 9, delta: { viewers: 9 } }]);
  });

  it('resumes with exactly the deltas that were missed', async () => {
    const rig = await following({ from: 6, to: 12 });
    const viewer = new WireViewer();
    const socket = rig.ready(viewer);
    rig.send(socket, viewer.join(ROUND, { resume: { epoch: 1, seq: 9 } }));
    await publish(rig, 13);
    expect(socket.take()).toMatchObject([
      { type: FRAME.JOINED, resumed: true },
      { type: FRAME.DELTA, seq: 10 },
      { type: FRAME.DELTA, seq: 11 },
      { type: FRAME.DELTA, seq: 12 },
      { type: FRAME.DELTA, seq: 13 },
    ]);
  });

  it('resumes with nothing when nothing was missed', async () => {
    const rig = await following({ from: 6, to: 7 });
    const viewer = new WireViewer();
    const socket = rig.ready(viewer);
    rig.send(socket, viewer.join(ROUND, { resume: { epoch: 1, seq: 7 } }));
    expect(socket.take()).toMatchObject([{ type: FRAME.JOINED, resumed: true }]);
  });

  it.each([
    ['of another epoch', { epoch: 2, seq: 7 }],
    ['that is not yet', { epoch: 1, seq: 9 }],
    ['before the frames that are kept', { epoch: 1, seq: 4 }],
  ])('from a seq %s gets a keyframe', async (_, resume) => {
    const rig = await following({ from: 6, to: 8 });
    const viewer = new WireViewer();
    const socket = rig.ready(viewer);
    rig.send(socket, viewer.join(ROUND, { resume }));
    expect(typesOf(socket.sent)).toEqual(['JOINED', 'KEYFRAME']);
    expect(socket.sent[0]).toMatchObject({ resumed: false });
  });

  it('from frames older than is kept gets a keyframe', async () => {
    const rig = await following({ from: 6, to: 8 });
    rig.clock.advance(16_000);
    await publish(rig, 9);
    const viewer = new WireViewer();
    const socket = rig.ready(viewer);
    rig.send(socket, viewer.join(ROUND, { resume: { epoch: 1, seq: 7 } }));
    expect(typesOf(socket.sent)).toEqual(['JOINED', 'KEYFRAME']);
  });

  it('of an unknown round is refused', () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = rig.ready(viewer);
    rig.send(socket, viewer.join('elsewhere', { ref: 5 }));
    expect(socket.take()).toMatchObject([{ type: FRAME.ERROR, ref: 5, code: 'ROUND_NOT_FOUND' }]);
  });

  it('of a ninth round is refused', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = rig.ready(viewer);
    for (let i = 0; i < 9; i++) {
      const roundId = `round-${i}` as RoundId;
      rig.edge.command({ kind: 'place', place: { handle: 100 + i, roundId, shard: 0 } });
      rig.send(socket, viewer.join(roundId, { ref: 1 + i }));
      await delivered();
      rig.shard.keyframe(100 + i, testState({ roundId }), { epoch: 1, seq: 1 });
      await delivered();
    }
    expect(socket.take().at(-1)).toMatchObject({ type: FRAME.ERROR, ref: 9, code: 'RATE_LIMITED' });
  });
});

describe('a followed round', () => {
  it('is left by LEAVE, and unsubscribed from when nobody has used it for a while', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = await rig.joined(viewer);
    rig.send(socket, encodeClient({ type: FRAME.LEAVE, handle: HANDLE }));
    await publish(rig, 6);
    expect(socket.take()).toEqual([]);
    rig.clock.advance(10_000);
    await delivered();
    expect(rig.shard.unsubscriptions).toEqual([]);
    rig.clock.advance(11_000);
    await delivered();
    expect(rig.shard.unsubscriptions).toEqual([HANDLE]);
    rig.send(socket, viewer.join(ROUND));
    await delivered();
    expect(rig.shard.subscriptions).toEqual([HANDLE, HANDLE]);
    rig.shard.keyframe(HANDLE, testState(), { epoch: 1, seq: 30 });
    await delivered();
    expect(typesOf(socket.take())).toEqual(['JOINED', 'KEYFRAME']);
  });

  it('asks for the whole state when a frame is missing, once, and gives it to everybody', async () => {
    const rig = new Rig();
    const socket = await rig.joined(new WireViewer());
    await publish(rig, 8);
    await publish(rig, 9);
    expect(socket.take()).toEqual([]);
    expect(rig.shard.subscriptions).toEqual([HANDLE, HANDLE]);
    rig.shard.keyframe(HANDLE, testState({ viewers: 9 }), { epoch: 1, seq: 9 });
    await publish(rig, 10);
    expect(socket.take()).toMatchObject([
      { type: FRAME.KEYFRAME, seq: 9, state: { viewers: 9 } },
      { type: FRAME.DELTA, seq: 10 },
    ]);
  });

  it('that goes from memory keeps its last state on screens, ends streams and refuses joins', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.edge.command({ kind: 'unplace', handle: HANDLE });
    expect(socket.take()).toMatchObject([{ type: FRAME.ENDED, stream, reason: 'roundOver' }]);
    rig.send(socket, viewer.join(ROUND), viewer.pay(stream, 1));
    expect(errorsOf(socket.take())).toEqual(['ROUND_NOT_FOUND', 'UNKNOWN_STREAM']);
    expect(socket.closedWith).toBeNull();
  });
});

describe('a restored round', () => {
  it('shows its new epoch to everybody and has every stream attached again', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer, 4);
    rig.clock.advance(10_000);
    rig.send(socket, viewer.gift(stream, [0, 3]), viewer.pay(stream, 5));
    await rig.turn();

    rig.relink();
    await delivered();
    expect(rig.shard.subscriptions).toEqual([HANDLE]);
    // Dropped without a word until the grant: words are cumulative. What is no word waits.
    rig.send(socket, viewer.pay(stream, 6), viewer.gift(stream, [0, 4]), viewer.vote(stream, 1));
    rig.shard.keyframe(HANDLE, testState(), { epoch: 2, seq: 1 });
    await rig.turn();
    expect(rig.shard.rows).toEqual([]);
    const to = { edge: 3, conn: connOf(socket), ref: 0 };
    expect(rig.shard.of('attach')).toEqual([
      { kind: 'attach', from: to, streamId: viewer.streamId, publicKey: viewer.publicKey },
    ]);

    rig.shard.effects(HANDLE, { kind: 'granted', to, grant: viewer.grant(9, START_MS, [2, 0]) });
    await rig.turn();
    expect(socket.take()).toMatchObject([
      { type: FRAME.KEYFRAME, epoch: 2, seq: 1 },
      { type: FRAME.STREAM, ref: 0, stream, indexes: [2, 0] },
    ]);
    expect(rig.shard.of('vote')).toMatchObject([{ slot: 9, target: 1 }]);

    rig.send(socket, viewer.gift(stream, [0, 3]), viewer.pay(stream, 7));
    await rig.turn();
    expect(rig.shard.rows).toMatchObject([
      { slot: 9, chain: 1, index: 3 },
      { slot: 9, chain: 0, index: 7 },
    ]);
    expect(errorsOf(socket.take())).toEqual([]);
  });

  it('is asked again when the attach is not answered', async () => {
    const rig = new Rig();
    await rig.paying(new WireViewer());
    rig.relink();
    await delivered();
    rig.shard.keyframe(HANDLE, testState(), { epoch: 2, seq: 1 });
    await rig.turn();
    expect(rig.shard.of('attach')).toHaveLength(1);
    await rig.turn(1_500);
    await rig.turn();
    expect(rig.shard.of('attach')).toHaveLength(2);
  });

  it('that does not know the stream any more ends it', async () => {
    const rig = new Rig();
    const { socket, stream } = await rig.paying(new WireViewer());
    rig.relink();
    await delivered();
    rig.shard.keyframe(HANDLE, testState(), { epoch: 2, seq: 1 });
    await rig.turn();
    const to = { edge: 3, conn: connOf(socket), ref: 0 };
    rig.shard.effects(HANDLE, { kind: 'refused', what: 'attach', to, code: 'UNKNOWN_STREAM', slot: null });
    await delivered();
    expect(socket.take()).toMatchObject([
      { type: FRAME.KEYFRAME },
      { type: FRAME.ERROR, code: 'UNKNOWN_STREAM', stream },
      { type: FRAME.ENDED, stream, reason: 'closed' },
    ]);
  });

  it('that is over by now ends the stream with what is durable, unless it says how itself', async () => {
    const rig = new Rig();
    const { socket, stream } = await rig.paying(new WireViewer());
    const to = { edge: 3, conn: connOf(socket), ref: 0 };
    rig.shard.effects(HANDLE, {
      kind: 'paid',
      edge: 3,
      rows: packPaid([{ slot: 0, conn: to.conn, indexes: [41, 2], gift: true }]),
    });
    await delivered();
    rig.relink();
    await delivered();
    rig.shard.keyframe(HANDLE, testState({ phase: 'settling' }), { epoch: 2, seq: 1 });
    await rig.turn();
    rig.shard.effects(HANDLE, { kind: 'refused', what: 'attach', to, code: 'ROUND_OVER', slot: 0 });
    await rig.turn();
    expect(typesOf(socket.take())).toEqual(['PAID', 'KEYFRAME']);
    rig.clock.advance(5_100);
    expect(socket.take()).toEqual([
      { type: FRAME.ENDED, ref: 0, stream, reason: 'roundOver', paidSats: 2_041 },
    ]);
  });

  it('that was cancelled meanwhile ends the stream with nothing paid', async () => {
    const rig = new Rig();
    const { socket, stream } = await rig.paying(new WireViewer());
    const to = { edge: 3, conn: connOf(socket), ref: 0 };
    const paid = { slot: 0, conn: to.conn, indexes: [41, 2], gift: true };
    rig.shard.effects(HANDLE, { kind: 'paid', edge: 3, rows: packPaid([paid]) });
    await delivered();
    rig.relink();
    await delivered();
    rig.shard.keyframe(HANDLE, testState({ phase: 'cancelled' }), { epoch: 2, seq: 1 });
    await rig.turn();
    rig.shard.effects(HANDLE, { kind: 'refused', what: 'attach', to, code: 'ROUND_OVER', slot: 0 });
    await rig.turn();
    rig.clock.advance(5_100);
    expect(socket.take().at(-1)).toEqual({
      type: FRAME.ENDED,
      ref: 0,
      stream,
      reason: 'cancelled',
      paidSats: 0,
    });
  });

  it('gets a request that waited for its state once', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = rig.ready(viewer);
    rig.send(socket, viewer.open(ROUND, nonceOf(socket)));
    await delivered();
    rig.shard.keyframe(HANDLE, testState(), { epoch: 1, seq: 5 });
    await rig.turn();
    await rig.turn();
    expect(rig.shard.of('open')).toHaveLength(1);
  });

  it('gets the requests that its former life did not answer', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = await rig.joined(viewer);
    assert(socket.session !== null, 'connected');
    rig.send(socket, viewer.open(ROUND, socket.session.nonce, { ref: 6 }));
    await rig.turn();
    rig.relink();
    await delivered();
    rig.shard.keyframe(HANDLE, testState(), { epoch: 2, seq: 1 });
    await rig.turn();
    expect(rig.shard.of('open')).toMatchObject([{ from: { ref: 6 } }]);
    const to = { edge: 3, conn: connOf(socket), ref: 6 };
    rig.shard.effects(HANDLE, { kind: 'refused', what: 'open', to, code: 'INSUFFICIENT_FUNDS', slot: null });
    await delivered();
    expect(socket.take().at(-1)).toMatchObject({ type: FRAME.ERROR, ref: 6, code: 'INSUFFICIENT_FUNDS' });
  });
});
