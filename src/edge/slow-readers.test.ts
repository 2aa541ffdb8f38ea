import { describe, expect, it } from 'vitest';
import type { EdgeEffect } from '../actors/messages.ts';
import { assert } from '../core/assert.ts';
import { encodeClient } from '../protocol/client-codec.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { FRAME } from '../protocol/messages.ts';
import { packPaid } from '../round/paid-rows.ts';
import type { FakeSocket } from './testing/fake-socket.ts';
import { HANDLE, ROUND, Rig, START_MS, connOf, delivered, typesOf } from './testing/rig.ts';
import { WireViewer } from './testing/wire-viewer.ts';

async function publish(rig: Rig, seq: number): Promise<void> {
  rig.shard.delta(HANDLE, { atMs: START_MS + seq, viewers: seq }, { epoch: 1, seq });
  await delivered();
}

function drain(rig: Rig, socket: FakeSocket): void {
  assert(socket.session !== null, 'the socket is connected');
  rig.edge.drained(socket.session);
}

type Effect = Extract<EdgeEffect, { kind: 'paid' | 'streamEnded' }>;

function paid(conn: number, index: number, gift = false): Effect {
  return { kind: 'paid', edge: 3, rows: packPaid([{ slot: 0, conn, indexes: [index, 0], gift }]) };
}

describe('acknowledgements', () => {
  it('are sent at most once in their interval while watching, with the latest figures', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.send(socket, viewer.watch(stream, 0));
    for (let second = 1; second <= 12; second++) {
      rig.shard.effects(HANDLE, paid(connOf(socket), second));
      await rig.turn(1_000);
    }
    expect(socket.take()).toEqual([
      { type: FRAME.PAID, stream, indexes: [5, 0] },
      { type: FRAME.PAID, stream, indexes: [10, 0] },
    ]);
  });

  it('are sent at once for gifts, and after a pause', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.shard.effects(HANDLE, paid(connOf(socket), 1, true));
    await delivered();
    expect(socket.take()).toMatchObject([{ type: FRAME.PAID, indexes: [1, 0] }]);
    rig.shard.effects(HANDLE, paid(connOf(socket), 2));
    await delivered();
    expect(socket.take()).toEqual([]);
    rig.send(socket, viewer.watch(stream, null));
    expect(socket.take()).toMatchObject([{ type: FRAME.PAID, indexes: [2, 0] }]);
    rig.shard.effects(HANDLE, paid(connOf(socket), 3));
    await delivered();
    expect(socket.take()).toMatchObject([{ type: FRAME.PAID, indexes: [3, 0] }]);
  });

  it('come before the end of the stream', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    const conn = connOf(socket);
    const ended: Effect = {
      kind: 'streamEnded',
      edge: 3,
      conn,
      slot: 0,
      reason: 'roundOver',
      paidSats: 7,
    };
    rig.shard.effects(HANDLE, paid(conn, 7), ended);
    await delivered();
    expect(socket.take()).toMatchObject([
      { type: FRAME.PAID, stream, indexes: [7, 0] },
      { type: FRAME.ENDED, stream, reason: 'roundOver', paidSats: 7 },
    ]);
  });

  it('are never lost on a socket that is full: the latest goes out when it has drained', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    socket.full = true;
    for (const index of [1, 2, 3]) rig.shard.effects(HANDLE, paid(connOf(socket), index, true));
    await delivered();
    socket.full = false;
    drain(rig, socket);
    expect(socket.take()).toMatchObject([
      { type: FRAME.PAID, stream, indexes: [3, 0] },
      { type: FRAME.KEYFRAME },
    ]);
  });
});

describe('a socket that is full', () => {
  it('misses state, and gets one keyframe when it has drained; its neighbour misses nothing', async () => {
    const rig = new Rig();
    const slow = await rig.joined(new WireViewer());
    const good = await rig.joined(new WireViewer());
    slow.full = true;
    slow.buffered = 70_000;
    for (let seq = 6; seq <= 9; seq++) await publish(rig, seq);
    slow.full = false;
    slow.buffered = 40_000;
    drain(rig, slow);
    expect(slow.take()).toEqual([]);
    await publish(rig, 10); // it would fit, but would not follow on what was sent
    expect(slow.take()).toEqual([]);
    slow.buffered = 0;
    drain(rig, slow);
    await publish(rig, 11);
    expect(slow.take()).toMatchObject([
      { type: FRAME.KEYFRAME, seq: 10, state: { viewers: 10 } },
      { type: FRAME.DELTA, seq: 11 },
    ]);
    expect(typesOf(good.take())).toEqual(Array.from({ length: 6 }, () => 'DELTA'));
  });

  it('gets its answers later, in order and before the state', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = await rig.joined(viewer);
    socket.full = true;
    rig.send(socket, viewer.vote(1, 0), viewer.join(ROUND, { ref: 8, resume: { epoch: 1, seq: 5 } }));
    rig.send(socket, viewer.join('elsewhere', { ref: 9 }), encodeClient({ type: FRAME.TIME, token: 1 }));
    socket.full = false;
    drain(rig, socket);
    expect(socket.take()).toMatchObject([
      { type: FRAME.ERROR, code: 'UNKNOWN_STREAM' },
      { type: FRAME.JOINED, ref: 8, resumed: false },
      { type: FRAME.ERROR, ref: 9, code: 'ROUND_NOT_FOUND' },
      { type: FRAME.KEYFRAME, seq: 5 },
    ]);
  });

  it('that fills up again while it catches up goes on from there', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = await rig.joined(viewer);
    socket.full = true;
    rig.send(socket, viewer.vote(1, 0), viewer.vote(2, 0));
    socket.full = false;
    const send = socket.send.bind(socket);
    let room = 1;
    socket.send = (frame) => room-- > 0 && send(frame);
    drain(rig, socket);
    expect(typesOf(socket.take())).toEqual(['ERROR']);
    room = 10;
    drain(rig, socket);
    expect(typesOf(socket.take())).toEqual(['ERROR', 'KEYFRAME']);
  });

  it('for longer than the setting is closed, also when it reads a little now and then', async () => {
    const rig = new Rig({ slowReaderMs: 10_000 });
    const socket = await rig.joined(new WireViewer());
    socket.full = true;
    await publish(rig, 6);
    rig.clock.advance(6_000);
    drain(rig, socket); // drained, but full again with the keyframe
    rig.clock.advance(3_000);
    expect(socket.closedWith).toBeNull();
    rig.clock.advance(1_500);
    expect(socket.closedWith).toBe(CLOSE.SLOW_READER);
  });

  it('that goes on asking is closed when its answers fill the list', async () => {
    const rig = new Rig({ messagesPerSecond: 1_000 });
    const viewer = new WireViewer();
    const socket = await rig.joined(viewer);
    socket.full = true;
    for (let i = 0; i < 64; i++) rig.send(socket, viewer.vote(1, 0));
    expect(socket.closedWith).toBeNull();
    rig.send(socket, viewer.vote(1, 0));
    expect(socket.closedWith).toBe(CLOSE.SLOW_READER);
  });
});
