import { describe, expect, it } from 'vitest';
import { EDGE_LINK_LIMITS } from '../actors/link.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { FRAME } from '../protocol/messages.ts';
import { FLAG_GIFT_CONTINUES, PURPOSE_GIFT, PURPOSE_WATCH } from '../round/payment-batch.ts';
import type { Commitment } from '../voucher/types.ts';
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

describe('OPEN', () => {
  it('hands what was verified to the shard, and its grant to the viewer', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = await rig.joined(viewer);
    rig.send(socket, viewer.open(ROUND, nonceOf(socket), { ref: 77, holdSats: 5_000 }));
    await rig.turn();
    const [open] = rig.shard.of('open');
    expect(open).toMatchObject({
      from: { edge: 3, conn: connOf(socket), ref: 77 },
      name: 'Vera',
      holdSats: 5_000,
      signed: { publicKey: viewer.publicKey, commitment: { streamId: viewer.streamId } },
    });
    rig.shard.effects(HANDLE, {
      kind: 'granted',
      to: { edge: 3, conn: connOf(socket), ref: 77 },
      grant: viewer.grant(4, START_MS, [3, 0]),
    });
    await delivered();
    expect(socket.take()).toMatchObject([
      { type: FRAME.STREAM, ref: 77, stream: 1, streamId: viewer.streamId, indexes: [3, 0], paidSats: 3 },
    ]);
  });

  const otherNonce = new Uint8Array(32);
  const changes: [string, Partial<Commitment>, string][] = [
    ['the nonce of another connection', { nonce: otherNonce }, 'WRONG_NONCE'],
    ['another payer', { payer: 'ab'.repeat(20) as Commitment['payer'] }, 'WRONG_PAYER'],
    ['another network', { network: 'main' }, 'BAD_COMMITMENT'],
    ['another rate', { rateSatsPerSecond: 2 }, 'BAD_COMMITMENT'],
    ['an expiry that is past', { expiryMs: START_MS - 1 }, 'COMMITMENT_EXPIRED'],
    ['a start that is to come', { notBeforeMs: START_MS + 60_000 }, 'COMMITMENT_EXPIRED'],
    ['a round that is not here', { roundId: 'elsewhere' as Commitment['roundId'] }, 'ROUND_NOT_FOUND'],
  ];
  it.each(changes)('is refused with %s', async (_, change, code) => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = await rig.joined(viewer);
    rig.send(socket, viewer.open(ROUND, nonceOf(socket), { ref: 5, change }));
    await rig.turn();
    expect(socket.take()).toMatchObject([{ type: FRAME.ERROR, ref: 5, code }]);
    expect(rig.shard.of('open')).toEqual([]);
  });

  it('is refused when another key signed it', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = await rig.joined(viewer);
    rig.send(socket, viewer.open(ROUND, nonceOf(socket), { signer: new WireViewer() }));
    expect(errorsOf(socket.take())).toEqual(['BAD_SIGNATURE']);
  });

  it('waits for the state of a round that the edge does not follow yet', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = rig.ready(viewer);
    rig.send(socket, viewer.attach(ROUND));
    await rig.turn();
    expect(rig.shard.subscriptions).toEqual([HANDLE]);
    expect(rig.shard.of('attach')).toEqual([]);
    rig.shard.keyframe(HANDLE, testState(), { epoch: 1, seq: 1 });
    await rig.turn();
    expect(rig.shard.of('attach')).toMatchObject([
      { streamId: viewer.streamId, publicKey: viewer.publicKey },
    ]);
  });

  it('is refused, retryable, when the shard does not answer about the round', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = rig.ready(viewer);
    rig.send(socket, viewer.attach(ROUND, 31));
    rig.clock.advance(11_000);
    expect(socket.take()).toMatchObject([
      { type: FRAME.ERROR, ref: 31, code: 'UNAVAILABLE', retryable: true },
    ]);
  });

  it('whose viewer has left meanwhile is undone at the shard', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = await rig.joined(viewer);
    rig.send(socket, viewer.open(ROUND, nonceOf(socket)));
    await rig.turn();
    const to = { edge: 3, conn: connOf(socket), ref: 2 };
    socket.end(1001);
    rig.shard.effects(HANDLE, { kind: 'granted', to, grant: viewer.grant(4, START_MS) });
    await rig.turn();
    expect(rig.shard.of('detach')).toEqual([{ kind: 'detach', edge: 3, conn: to.conn, slots: [4] }]);
  });
});

describe('words', () => {
  it('that verify go to the shard, copied, in order, with their connection', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer, 6);
    rig.clock.advance(3_000);
    rig.send(socket, viewer.pay(stream, 1), viewer.pay(stream, 3, 1), viewer.gift(stream, [8, 2], 1));
    await rig.turn();
    const conn = connOf(socket);
    const row = (index: number, chain: number, rest: { purpose: number; target: number; flags?: number }) => {
      const { word } = viewer.reveal(chain, index);
      return { slot: 6, conn, chain, index, word, flags: 0, ...rest };
    };
    expect(rig.shard.rows).toEqual([
      row(1, 0, { purpose: PURPOSE_WATCH, target: 0 }),
      row(3, 0, { purpose: PURPOSE_WATCH, target: 1 }),
      row(8, 0, { purpose: PURPOSE_GIFT, target: 1, flags: FLAG_GIFT_CONTINUES }),
      row(2, 1, { purpose: PURPOSE_GIFT, target: 1 }),
    ]);
    expect(socket.take()).toEqual([]);
    expect(rig.edge.stats()).toMatchObject({ wordsAccepted: 4, wordsRefused: 0 });
  });

  it('that repeat are accepted silently and go nowhere', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.send(socket, viewer.pay(stream, 2), viewer.pay(stream, 2), viewer.pay(stream, 1));
    await rig.turn();
    expect(rig.shard.rows).toHaveLength(1);
    expect(socket.take()).toEqual([]);
  });

  it('of a gift that repeats are acknowledged again', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.send(socket, viewer.gift(stream, [0, 1]), viewer.gift(stream, [0, 1]));
    expect(socket.take()).toMatchObject([{ type: FRAME.PAID, stream, indexes: [0, 0] }]);
  });

  it.each([
    ['of another stream', (_viewer: WireViewer, n: number) => new WireViewer().pay(n, 1), 'BAD_WORD'],
    [
      'on a number that is no stream',
      (viewer: WireViewer, n: number) => viewer.pay(n + 1, 1),
      'UNKNOWN_STREAM',
    ],
    ['too early', (viewer: WireViewer, n: number) => viewer.pay(n, 6), 'TOO_EARLY'],
    ['too far ahead', (viewer: WireViewer, n: number) => viewer.pay(n, 601), 'STEP_TOO_LARGE'],
    ['for nobody', (viewer: WireViewer, n: number) => viewer.pay(n, 1, 2), 'UNKNOWN_TARGET'],
    ['above the hold', (viewer: WireViewer, n: number) => viewer.gift(n, [0, 101]), 'OVER_HOLD'],
  ])('%s are refused and change nothing', async (_, make, code) => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.send(socket, make(viewer, stream));
    expect(errorsOf(socket.take())).toEqual([code]);
    rig.send(socket, viewer.pay(stream, 1));
    await rig.turn();
    expect(rig.shard.rows.map((row) => row.index)).toEqual([1]);
    expect(rig.edge.stats()).toMatchObject({ wordsAccepted: 1, wordsRefused: 1 });
  });

  it('that are bad close the connection with the third one; its neighbour notices nothing', async () => {
    const rig = new Rig();
    const [viewer, honest] = [new WireViewer(), new WireViewer()];
    const bad = await rig.paying(viewer, 0);
    const good = await rig.paying(honest, 1);
    for (let i = 1; i <= 3; i++) {
      rig.send(bad.socket, viewer.badPay(bad.stream, i));
      rig.send(good.socket, honest.pay(good.stream, i));
    }
    await rig.turn();
    expect(errorsOf(bad.socket.take())).toEqual(['BAD_WORD', 'BAD_WORD', 'BAD_WORD']);
    expect(bad.socket.closedWith).toBe(CLOSE.BAD_WORDS);
    expect(good.socket.closedWith).toBeNull();
    expect(good.socket.take()).toEqual([]);
    expect(rig.shard.rows.map((row) => [row.slot, row.index])).toEqual([
      [1, 1],
      [1, 2],
      [1, 3],
    ]);
    expect(rig.shard.of('detach')).toEqual([
      { kind: 'detach', edge: 3, conn: connOf(bad.socket), slots: [0] },
    ]);
  });
});

describe('claps, votes, WATCH and CLOSE', () => {
  it('go to the shard in the order they came', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer, 2);
    rig.send(socket, viewer.watch(stream, 1), viewer.clap(stream, 1, 9), viewer.vote(stream, 0));
    rig.send(socket, viewer.watch(stream, null), viewer.close(stream, 12));
    await rig.turn();
    const from = { edge: 3, conn: connOf(socket) };
    expect(rig.shard.inputs.slice(1).map(({ input }) => input)).toEqual([
      { kind: 'watch', slot: 2, target: 1 },
      { kind: 'clap', ...from, slot: 2, target: 1, count: 9 },
      { kind: 'vote', ...from, slot: 2, target: 0 },
      { kind: 'watch', slot: 2, target: null },
      { kind: 'closeStream', from: { ...from, ref: 12 }, slot: 2 },
    ]);
  });

  it('need an open stream and a participant', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.send(socket, viewer.vote(stream + 1, 0), viewer.vote(stream, 2), viewer.clap(stream, 200, 1));
    rig.send(socket, viewer.watch(stream, 2), viewer.close(stream + 1, 8));
    expect(socket.take()).toMatchObject([
      { code: 'UNKNOWN_STREAM', ref: 0 },
      { code: 'UNKNOWN_TARGET', stream },
      { code: 'UNKNOWN_TARGET', stream },
      { code: 'UNKNOWN_TARGET', stream },
      { code: 'UNKNOWN_STREAM', ref: 8 },
    ]);
  });

  it('are refused, retryable, when a shard that does not keep up has left no room', async () => {
    const rig = new Rig({ messagesPerSecond: 100_000 });
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.shard.credits = false;
    for (let i = 0; i < 4; i++) {
      rig.send(socket, viewer.pay(stream, i + 1));
      await rig.turn();
    }
    for (let i = 1; i <= EDGE_LINK_LIMITS.inputsMax; i++) rig.send(socket, viewer.clap(stream, 0, i));
    expect(socket.take()).toEqual([]);
    rig.send(socket, viewer.vote(stream, 0));
    expect(socket.take()).toMatchObject([{ code: 'UNAVAILABLE', retryable: true, stream }]);
  });

  it('end with ENDED, which carries the ref of the CLOSE and frees the number', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.send(socket, viewer.close(stream, 12), viewer.pay(stream, 1));
    expect(errorsOf(socket.take())).toEqual(['UNKNOWN_STREAM']);
    const ended = { kind: 'streamEnded', edge: 3, conn: connOf(socket), slot: 0 } as const;
    rig.shard.effects(HANDLE, { ...ended, reason: 'closed', paidSats: 41 });
    await delivered();
    expect(socket.take()).toEqual([{ type: FRAME.ENDED, ref: 12, stream, reason: 'closed', paidSats: 41 }]);
    rig.send(socket, viewer.vote(stream, 0));
    expect(errorsOf(socket.take())).toEqual(['UNKNOWN_STREAM']);
  });
});

describe('a stream', () => {
  it('that another connection attached ends here as taken, and goes on there', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const old = await rig.paying(viewer, 5);
    const socket = await rig.joined(viewer);
    rig.send(socket, viewer.attach(ROUND, 4));
    await rig.turn();
    const to = rig.shard.of('attach').at(-1)?.from;
    expect(to).toEqual({ edge: 3, conn: connOf(socket), ref: 4 });
    const gone = { edge: 3, conn: connOf(old.socket), slot: 5, reason: 'taken', paidSats: 0 } as const;
    rig.shard.effects(
      HANDLE,
      {
        kind: 'granted',
        to: { edge: 3, conn: connOf(socket), ref: 4 },
        grant: viewer.grant(5, START_MS, [2, 0]),
      },
      { kind: 'streamEnded', ...gone },
    );
    await delivered();
    expect(old.socket.take()).toMatchObject([{ type: FRAME.ENDED, reason: 'taken', ref: 0 }]);
    const [stream] = socket.take();
    expect(stream).toMatchObject({ type: FRAME.STREAM, ref: 4, indexes: [2, 0] });
    rig.send(socket, viewer.pay(1, 3));
    rig.send(old.socket, viewer.pay(old.stream, 4));
    await rig.turn();
    expect(rig.shard.rows).toMatchObject([{ slot: 5, index: 3, conn: connOf(socket) }]);
    expect(errorsOf(old.socket.take())).toEqual(['UNKNOWN_STREAM']);
  });

  it('granted to a connection of the former life of this edge finds nobody here', async () => {
    const before = new Rig();
    const viewer = new WireViewer();
    const gone = await before.joined(viewer);
    const to = { edge: 3, conn: connOf(gone), ref: 2 };

    const rig = new Rig(); // the thread ended and was started again; the grant was still waiting for its save
    const other = await rig.joined(new WireViewer());
    rig.shard.effects(HANDLE, { kind: 'granted', to, grant: viewer.grant(0, START_MS) });
    await rig.turn();
    expect(other.take()).toEqual([]);
    expect(rig.shard.of('detach')).toEqual([{ kind: 'detach', edge: 3, conn: to.conn, slots: [0] }]);
  });

  it('whose words the round did not take is attached again, and its viewer told what counts', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.send(socket, viewer.gift(stream, [0, 2]));
    await rig.turn();
    const to = { edge: 3, conn: connOf(socket), ref: 0 };
    rig.shard.effects(HANDLE, { kind: 'refused', what: 'gift', to, code: 'UNAVAILABLE', slot: 0 });
    await rig.turn();
    rig.send(socket, viewer.gift(stream, [0, 3])); // under way while not attached: dropped
    expect(rig.shard.of('attach')).toMatchObject([{ from: to, streamId: viewer.streamId }]);
    rig.shard.effects(HANDLE, { kind: 'granted', to, grant: viewer.grant(0, START_MS) });
    await delivered();
    expect(socket.take()).toMatchObject([{ type: FRAME.STREAM, ref: 0, stream, indexes: [0, 0] }]);
    rig.send(socket, viewer.gift(stream, [0, 2]), viewer.gift(stream, [0, 3]));
    await rig.turn();
    expect(rig.shard.rows.map((row) => row.index)).toEqual([2, 2, 3]);
  });

  it('whose gift came after the end can still pay the seconds that were watched', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.send(socket, viewer.gift(stream, [20, 0]));
    await rig.turn();
    const to = { edge: 3, conn: connOf(socket), ref: 0 };
    rig.shard.effects(HANDLE, { kind: 'refused', what: 'gift', to, code: 'ROUND_OVER', slot: 0 });
    await rig.turn();
    rig.shard.effects(HANDLE, { kind: 'granted', to, grant: viewer.grant(0, START_MS) });
    await delivered();
    expect(socket.take()).toMatchObject([
      { type: FRAME.ERROR, code: 'ROUND_OVER', stream, frame: FRAME.GIFT },
      { type: FRAME.STREAM, ref: 0, indexes: [0, 0] },
    ]);
    rig.send(socket, viewer.pay(stream, 4));
    await rig.turn();
    expect(rig.shard.rows.at(-1)).toMatchObject({ index: 4, purpose: PURPOSE_WATCH });
  });

  it.each(['clap', 'vote', 'watch'] as const)('keeps its tips when a %s is refused', async (what) => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    const to = { edge: 3, conn: connOf(socket), ref: 0 };
    for (const code of ['ROUND_OVER', 'UNAVAILABLE'] as const) {
      rig.shard.effects(HANDLE, { kind: 'refused', what, to, code, slot: 0 });
    }
    await rig.turn();
    const frame = { clap: FRAME.CLAP, vote: FRAME.VOTE, watch: FRAME.WATCH }[what];
    expect(socket.take()).toMatchObject([
      { type: FRAME.ERROR, ref: 0, stream, code: 'ROUND_OVER', frame },
      { type: FRAME.ERROR, ref: 0, stream, code: 'UNAVAILABLE', frame },
    ]);
    expect(rig.shard.of('attach')).toEqual([]);
  });

  it('that waits for its grant answers each refused word, and takes none for the answer to the attach', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.send(socket, viewer.gift(stream, [20, 0]), viewer.gift(stream, [30, 0]), viewer.pay(stream, 31));
    await rig.turn();
    const to = { edge: 3, conn: connOf(socket), ref: 0 };
    const refused = { kind: 'refused', to, code: 'ROUND_OVER', slot: 0 } as const;
    rig.shard.effects(HANDLE, { ...refused, what: 'gift' }, { ...refused, what: 'gift' });
    rig.shard.effects(HANDLE, { ...refused, what: 'pay', code: 'UNKNOWN_STREAM' });
    await rig.turn();
    expect(socket.take()).toMatchObject([
      { type: FRAME.ERROR, code: 'ROUND_OVER', stream, frame: FRAME.GIFT },
      { type: FRAME.ERROR, code: 'ROUND_OVER', stream, frame: FRAME.GIFT },
      { type: FRAME.ERROR, code: 'UNKNOWN_STREAM', stream, frame: FRAME.PAY },
    ]);
    expect(rig.shard.of('attach')).toHaveLength(1);
    rig.shard.effects(HANDLE, { kind: 'granted', to, grant: viewer.grant(0, START_MS) });
    await rig.turn(6_000);
    expect(socket.take()).toMatchObject([{ type: FRAME.STREAM, ref: 0, stream, indexes: [0, 0] }]);
  });

  it('that another connection has meanwhile is not fetched back when its late words are refused', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    const to = { edge: 3, conn: connOf(socket), ref: 0 };
    rig.shard.effects(HANDLE, { kind: 'refused', what: 'pay', to, code: 'UNKNOWN_STREAM', slot: 0 });
    await rig.turn();
    expect(socket.take()).toMatchObject([{ type: FRAME.ERROR, code: 'UNKNOWN_STREAM', stream }]);
    expect(rig.shard.of('attach')).toEqual([]);
  });

  it('that is being closed is left to the answer of its CLOSE, unless that is refused', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.send(socket, viewer.gift(stream, [20, 0]), viewer.close(stream, 12));
    await rig.turn();
    const to = { edge: 3, conn: connOf(socket), ref: 0 };
    rig.shard.effects(HANDLE, { kind: 'refused', what: 'gift', to, code: 'ROUND_OVER', slot: 0 });
    await rig.turn();
    expect(rig.shard.of('attach')).toEqual([]);
    const again = { edge: 3, conn: connOf(socket), ref: 12 };
    rig.shard.effects(HANDLE, { kind: 'refused', what: 'close', to: again, code: 'UNAVAILABLE', slot: 0 });
    await rig.turn();
    expect(socket.take()).toMatchObject([
      { type: FRAME.ERROR, ref: 0, code: 'ROUND_OVER', frame: FRAME.GIFT },
      { type: FRAME.ERROR, ref: 12, code: 'UNAVAILABLE', frame: FRAME.CLOSE },
    ]);
    expect(rig.shard.of('attach')).toHaveLength(1);
  });

  it('that is being closed is not closed twice: each CLOSE has its answer', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.send(socket, viewer.close(stream, 12), viewer.close(stream, 13));
    await rig.turn();
    expect(rig.shard.of('closeStream')).toMatchObject([{ from: { ref: 12 } }]);
    expect(socket.take()).toMatchObject([{ type: FRAME.ERROR, code: 'UNKNOWN_STREAM', ref: 13, stream }]);
    const ended = { kind: 'streamEnded', edge: 3, conn: connOf(socket), slot: 0 } as const;
    rig.shard.effects(HANDLE, { ...ended, reason: 'closed', paidSats: 0 });
    await delivered();
    expect(socket.take()).toMatchObject([{ type: FRAME.ENDED, ref: 12, stream }]);
  });

  it('whose CLOSE was lost with its shard is closed in the next life', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    rig.send(socket, viewer.close(stream, 12));
    await rig.turn();
    rig.relink();
    await rig.turn();
    rig.shard.keyframe(HANDLE, testState(), { epoch: 2, seq: 1 });
    await rig.turn();
    expect(rig.shard.of('closeStream')).toEqual([]);
    const to = { edge: 3, conn: connOf(socket), ref: 0 };
    rig.shard.effects(HANDLE, { kind: 'granted', to, grant: viewer.grant(4, START_MS) });
    await rig.turn();
    expect(rig.shard.of('closeStream')).toMatchObject([{ from: { ...to, ref: 12 }, slot: 4 }]);
  });

  it('gets a number that was not used lately', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const { socket, stream } = await rig.paying(viewer);
    const ended = { kind: 'streamEnded', edge: 3, conn: connOf(socket), slot: 0 } as const;
    rig.shard.effects(HANDLE, { ...ended, reason: 'replaced', paidSats: 0 });
    rig.send(socket, viewer.attach(ROUND, 8));
    await rig.turn();
    const to = { edge: 3, conn: connOf(socket), ref: 8 };
    rig.shard.effects(HANDLE, { kind: 'granted', to, grant: viewer.grant(1, START_MS) });
    await delivered();
    expect(typesOf(socket.sent)).toEqual(['ENDED', 'STREAM']);
    expect(socket.sent[1]).toMatchObject({ stream: stream + 1 });
  });

  it('opened eight times is enough for one connection', async () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = await rig.joined(viewer);
    for (let ref = 1; ref <= 9; ref++) rig.send(socket, viewer.attach(ROUND, ref));
    expect(socket.take()).toMatchObject([{ type: FRAME.ERROR, ref: 9, code: 'RATE_LIMITED' }]);
  });
});
