import { toHex } from '../core/bytes.ts';
import { describe, expect, it } from 'vitest';
import { packPaid } from './paid-rows.ts';
import { CLAPS } from './stream-table.ts';
import {
  RoundDriver,
  T0,
  accountNo,
  effectsOf,
  streamNo,
  testTerms,
  testWord,
  START,
  END,
  live,
  codes,
} from './test-driver.ts';

function movesHold({ kind }: { readonly kind: string }): boolean {
  return kind === 'shrinkHold' || kind === 'hold';
}

describe('streams', () => {
  it('are granted when the hold is answered and the row is durable', () => {
    const round = live();
    expect(round.raw(round.openInput({ stream: 1 })).map((effect) => effect.kind)).toEqual(['hold']);
    round.nowMs += 25;
    expect(effectsOf(round.answer(), 'granted')).toEqual([]);
    const [granted] = effectsOf(round.answer(), 'granted');
    expect(granted).toMatchObject({
      to: { edge: 0, conn: 1, ref: 1 },
      grant: { slot: 0, holdSats: 50_000, paidSats: 0, vote: null, claps: [0, 0, 0], watching: null },
    });
    expect(granted?.grant.tips).toEqual([
      { index: 0, word: toHex(testWord(1, 0, 0)) },
      { index: 0, word: toHex(testWord(1, 1, 0)) },
    ]);
  });

  it('are refused without funds, before the lobby, after the end and for another round', () => {
    const early = new RoundDriver();
    expect(codes(early.send(early.openInput({ stream: 1 })))).toEqual(['ROUND_NOT_OPEN']);
    const round = live();
    round.holdCode = 'INSUFFICIENT_FUNDS';
    expect(codes(round.send(round.openInput({ stream: 1 })))).toEqual(['INSUFFICIENT_FUNDS']);
    round.holdCode = null;
    const other = new RoundDriver(testTerms({ rateSatsPerSecond: 2 })).openInput({ stream: 2 });
    expect(codes(round.send(other))).toEqual(['BAD_COMMITMENT']);
    expect(codes(round.send(round.openInput({ stream: 3, holdSats: 0 })))).toEqual(['BAD_REQUEST']);
    // More than a round ever takes cannot succeed later; more than it has room for can.
    expect(codes(round.send(round.openInput({ stream: 3, holdSats: 1e12 + 1 })))).toEqual(['BAD_REQUEST']);
    round.runTo(END);
    expect(codes(round.send(round.openInput({ stream: 4 })))).toEqual(['ROUND_OVER']);
    expect(round.state.streams.count).toBe(0);
  });

  it('are refused above what the round has room for', () => {
    const round = live();
    round.open({ stream: 1, holdSats: 1 });
    expect(codes(round.send(round.openInput({ stream: 2, holdSats: 1e12 })))).toEqual(['ROUND_FULL']);
    expect(codes(round.send(round.openInput({ stream: 2, holdSats: 1e12 - 1 })))).toEqual([]);
  });

  it('answer both of two equal OPENs of one connection, also while the hold is asked for', () => {
    const round = live();
    const open = round.openInput({ stream: 1 });
    round.raw(open);
    expect(effectsOf(round.raw({ ...open, from: { ...open.from, ref: 2 } }), 'refused')).toMatchObject([
      { what: 'open', to: { ref: 1 }, code: 'STREAM_TAKEN' },
    ]);
    expect(effectsOf(round.send({ kind: 'tick' }), 'granted')).toMatchObject([{ to: { ref: 2 } }]);
  });

  it('take the same OPEN twice from one connection, and once from two', () => {
    const round = live();
    round.raw(round.openInput({ stream: 1 }));
    expect(round.raw(round.openInput({ stream: 1 })).map((effect) => effect.kind)).toEqual([]);
    expect(codes(round.raw(round.openInput({ stream: 1, conn: 77 })))).toEqual(['STREAM_EXISTS']);
    expect(effectsOf(round.send({ kind: 'tick' }), 'granted')).toHaveLength(1);
    expect(effectsOf(round.send(round.openInput({ stream: 1 })), 'granted')).toHaveLength(1);
    expect(codes(round.send(round.openInput({ stream: 1, conn: 77 })))).toEqual(['STREAM_EXISTS']);
    expect(codes(round.send(round.openInput({ stream: 1, payer: 5, conn: 1 })))).toEqual(['STREAM_EXISTS']);
    expect(round.state.streams.count).toBe(1);
  });

  it('are replaced by a newer one of the same account, whose hold shrinks before the new hold is taken', () => {
    const round = live();
    const slot = round.open({ stream: 1, payer: 5 });
    round.send(round.words({ slot, index: 4 }));
    const effects = round.send(round.openInput({ stream: 2, payer: 5 }));
    const order = effects.map((effect) => effect.kind);
    expect(order.indexOf('shrinkHold')).toBeLessThan(order.indexOf('hold'));
    expect(effectsOf(effects, 'streamEnded')).toMatchObject([
      { conn: 1, slot, reason: 'replaced', paidSats: 4 },
    ]);
    expect(round.holds.get(streamNo(1))).toBe(4);
    expect(codes(round.send(round.words({ slot, index: 5 })))).toEqual(['UNKNOWN_STREAM']);
    expect(round.state.totals).toMatchObject({ openStreams: 1, committedSats: 50_004 });
  });

  it('give way to a newer OPEN of the account while the hold is under way', () => {
    const round = live();
    round.raw(round.openInput({ stream: 1, payer: 5 }));
    const effects = round.send(round.openInput({ stream: 2, payer: 5 }));
    expect(codes(effects)).toEqual(['STREAM_TAKEN']);
    expect(effectsOf(effects, 'granted').map((each) => each.grant.streamId)).toEqual([streamNo(2)]);
    expect(round.holds.get(streamNo(1))).toBe(0);
  });

  it('opened at once by one account take their holds one after the other, so that funds for one are enough', () => {
    const round = live();
    round.raw(round.openInput({ stream: 1, payer: 5 }));
    expect(round.raw(round.openInput({ stream: 2, payer: 5 })).map(({ kind }) => kind)).toEqual([]);
    expect(codes(round.raw(round.openInput({ stream: 3, payer: 5 })))).toEqual(['STREAM_TAKEN']);
    round.nowMs += 25;
    expect(round.answer().filter(movesHold)).toEqual([]); // first it is durable that stream 1 is closed
    expect(round.answer().filter(movesHold)).toEqual([
      { kind: 'shrinkHold', streamId: streamNo(1), account: accountNo(5), toSats: 0 },
      { kind: 'hold', streamId: streamNo(3), account: accountNo(5), sats: 50_000 },
    ]);
    const rest = round.send({ kind: 'tick' });
    expect(effectsOf(rest, 'granted').map((each) => each.grant.streamId)).toEqual([streamNo(3)]);
    expect(round.state.session.pendingHoldSats).toBe(0);
    expect([round.holds.get(streamNo(1)), round.holds.get(streamNo(2))]).toEqual([0, undefined]);
  });

  it('opened at once, of which the first is not covered, do not lose the second', () => {
    const round = live();
    round.holdCode = 'INSUFFICIENT_FUNDS';
    round.raw(round.openInput({ stream: 1, payer: 5, holdSats: 90_000 }));
    round.raw(round.openInput({ stream: 2, payer: 5 }));
    round.holdCode = null;
    const effects = round.send({ kind: 'tick' });
    expect(codes(effects)).toEqual(['INSUFFICIENT_FUNDS']);
    expect(effectsOf(effects, 'granted').map((each) => each.grant.streamId)).toEqual([streamNo(2)]);
  });

  it('opened at once in a round that is cancelled meanwhile hold nothing', () => {
    const round = live();
    round.raw(round.openInput({ stream: 1, payer: 5 }));
    round.raw(round.openInput({ stream: 2, payer: 5 }));
    const effects = round.send({ kind: 'cancel', reason: '' });
    expect(codes(effects)).toEqual(['STREAM_TAKEN', 'ROUND_OVER']);
    expect([...round.holds.values()]).toEqual([0]);
  });

  it('that were closed give back their hold after a crash came in between', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.send(round.words({ slot, index: 5 }));
    round.raw({ kind: 'closeStream', from: { edge: 0, conn: 1, ref: 7 }, slot });
    round.nowMs += 25;
    round.raw({ kind: 'tick' }); // saved, and not answered
    expect(round.holds.get(streamNo(1))).toBe(50_000);
    round.crash();
    round.send({ kind: 'tick' });
    expect(round.holds.get(streamNo(1))).toBe(5);
  });

  it('are taken over by another connection of the same key only', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    expect(codes(round.send(round.attachInput({ stream: 1, payer: 8, conn: 9 })))).toEqual(['WRONG_PAYER']);
    expect(codes(round.send(round.attachInput({ stream: 8, conn: 9 })))).toEqual(['UNKNOWN_STREAM']);
    const effects = round.send(round.attachInput({ stream: 1, conn: 9 }));
    expect(effectsOf(effects, 'streamEnded')).toMatchObject([{ conn: 1, slot, reason: 'taken' }]);
    expect(effectsOf(effects, 'granted')).toMatchObject([{ to: { conn: 9 }, grant: { slot } }]);
    expect(codes(round.send(round.words({ slot, index: 1, conn: 1 })))).toEqual(['UNKNOWN_STREAM']);
    expect(codes(round.send(round.words({ slot, index: 1, conn: 9 })))).toEqual([]);
  });

  it('close early: the rest of the hold goes back once that is durable', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.send(round.words({ slot, index: 5 }));
    expect(codes(round.send({ kind: 'closeStream', from: { edge: 0, conn: 3, ref: 7 }, slot }))).toEqual([
      'UNKNOWN_STREAM',
    ]);
    const now = round.raw({ kind: 'closeStream', from: { edge: 0, conn: 1, ref: 7 }, slot });
    expect(effectsOf(now, 'shrinkHold')).toEqual([]);
    const later = round.send({ kind: 'tick' });
    expect(effectsOf(later, 'streamEnded')).toMatchObject([{ slot, reason: 'closed', paidSats: 5 }]);
    expect(round.holds.get(streamNo(1))).toBe(5);
    expect(codes(round.send(round.attachInput({ stream: 1 })))).toEqual(['UNKNOWN_STREAM']);
  });

  it('end for every attached connection when the round is over', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    const away = round.open({ stream: 2 });
    round.send({ kind: 'detach', edge: 0, conn: 2, slots: [away] });
    const effects = round.runTo(END + 2_000);
    expect(effectsOf(effects, 'streamEnded')).toMatchObject([{ conn: 1, slot, reason: 'roundOver' }]);
    expect(effectsOf(effects, 'settle')[0]?.statement.streams).toHaveLength(2);
    expect(codes(round.send(round.attachInput({ stream: 2 })))).toEqual(['ROUND_OVER']);
  });

  it('that were superseded are known as closed after a crash, whatever became of their release', () => {
    const round = live();
    round.raw(round.openInput({ stream: 1, payer: 5 }));
    round.raw(round.openInput({ stream: 2, payer: 5 }));
    round.send({ kind: 'tick' });
    round.crash();
    round.send({ kind: 'tick' });
    expect(codes(round.send(round.openInput({ stream: 1, payer: 5 })))).toEqual(['STREAM_EXISTS']);
  });

  it('let go of a hold that came too late once it is durable that the round takes none', () => {
    const round = live();
    round.raw(round.openInput({ stream: 1 }));
    round.nowMs += 25;
    round.raw({ kind: 'cancel', reason: '' });
    const held = { kind: 'held', streamId: streamNo(1), outcome: { ok: true } } as const;
    expect(effectsOf(round.raw(held), 'shrinkHold')).toEqual([]);
    round.send({ kind: 'tick' });
    expect(round.holds.get(streamNo(1))).toBe(0);
  });
});

describe('payments', () => {
  it('are acknowledged when they are durable, with what was accepted when the save was begun', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.raw(round.words({ slot, index: 2 }));
    round.nowMs += 200;
    expect(effectsOf(round.raw({ kind: 'tick' }), 'appendSegment')).toHaveLength(1);
    round.raw(round.words({ slot, index: 3 }));
    expect(effectsOf(round.answer(), 'paid')).toEqual([
      { kind: 'paid', edge: 0, rows: packPaid([{ slot, conn: 1, indexes: [2, 0], gift: false }]) },
    ]);
    expect(effectsOf(round.send({ kind: 'tick' }), 'paid')).toEqual([
      { kind: 'paid', edge: 0, rows: packPaid([{ slot, conn: 1, indexes: [3, 0], gift: false }]) },
    ]);
  });

  it('count watching only for seconds that have passed, with a grace', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    const passed = Math.floor((round.nowMs - START) / 1000);
    expect(codes(round.send(round.words({ slot, index: passed + 6 })))).toEqual(['TOO_EARLY']);
    expect(codes(round.send(round.words({ slot, index: passed + 5 })))).toEqual([]);
    round.runTo(END + 1_000);
    const all = Math.floor((END - START) / 1000) + 5;
    expect(codes(round.send(round.words({ slot, index: all + 1 })))).toEqual(['TOO_EARLY']);
    expect(codes(round.send(round.words({ slot, index: all - 1 })))).toEqual([]);
    expect(round.state.totals.sats[0]).toBe(all - 1);
  });

  it('take gifts while the round runs, but nothing new in closing and nothing at all after', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.send(round.words({ slot, index: 300, gift: true, target: 1 }));
    round.runTo(END + 500);
    expect(codes(round.send(round.words({ slot, index: 300, gift: true, target: 1 })))).toEqual([]);
    expect(codes(round.send(round.words({ slot, index: 301, gift: true, target: 1 })))).toEqual([
      'ROUND_OVER',
    ]);
    round.runTo(END + 2_000);
    expect(codes(round.send(round.words({ slot, index: 301 })))).toEqual(['ROUND_OVER']);
    expect(round.state.totals.sats[1]).toBe(300);
  });

  it('take a gift over two chains together or not at all', () => {
    const round = live();
    const slot = round.open({ stream: 1, holdSats: 3_400 });
    const gift = { slot, target: 2, gift: true };
    round.send(round.words({ ...gift, index: 300, more: true }, { ...gift, chain: 1, index: 3 }));
    expect(round.state.totals.sats[2]).toBe(3_300);
    const over = round.words({ ...gift, index: 310, more: true }, { ...gift, chain: 1, index: 4 });
    expect(codes(round.send(over))).toEqual(['OVER_HOLD']);
    round.nowMs += 1_000;
    const twice = round.words({ ...gift, index: 310, more: true }, { ...gift, index: 311 });
    expect(codes(round.send(twice))).toEqual(['BAD_FRAME']);
    const cut = round.words({ ...gift, index: 310, more: true });
    round.nowMs += 1_000;
    expect(codes(round.send(cut))).toEqual(['BAD_FRAME']);
    expect(round.state.totals.sats[2]).toBe(3_300);
    expect(round.replica?.gifts).toMatchObject([{ no: 1, sats: 3_300, target: 2, account: accountNo(1) }]);
  });

  it('refuse a different word at the tip, and too much at once, by code', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.send(round.words({ slot, index: 3 }));
    const forged = testWord(99, 0, 3);
    const bad = [
      round.words({ slot, index: 3, word: forged }),
      round.words({ slot, index: 100_001, gift: true }),
      round.words({ slot, index: 2_004, gift: true }),
      round.words({ slot, index: 1, chain: 2 }),
      round.words({ slot, index: 4, target: 3 }),
      round.words({ slot: 7, stream: 1, index: 4 }),
      round.words({ slot, index: 500, chain: 1, gift: true }),
    ];
    expect(codes(round.send(...bad))).toEqual([
      'BAD_WORD',
      'CHAIN_EXHAUSTED',
      'STEP_TOO_LARGE',
      'UNKNOWN_CHAIN',
      'UNKNOWN_TARGET',
      'UNKNOWN_STREAM',
      'OVER_HOLD',
    ]);
    expect(round.state.totals.sats[0]).toBe(3);
  });

  it('are refused each, whatever was refused a moment before: the edge has to undo every one', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.runTo(END);
    const clap = { kind: 'clap', edge: 0, conn: 1, slot, target: 0, count: 1 } as const;
    const gift = round.words({ slot, index: 600, gift: true });
    const early = round.words({ slot, index: 500 });
    const refused = effectsOf(round.raw(clap, gift, gift, early, early), 'refused');
    expect(refused.map(({ what, code }) => [what, code])).toEqual([
      ['clap', 'ROUND_OVER'],
      ['gift', 'ROUND_OVER'],
      ['gift', 'ROUND_OVER'],
      ['pay', 'TOO_EARLY'],
      ['pay', 'TOO_EARLY'],
    ]);
  });

  it('acknowledge a repeat of what is durable at once', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    const gift = round.words({ slot, index: 30, gift: true });
    round.send(gift);
    expect(effectsOf(round.raw(gift), 'paid')).toEqual([
      { kind: 'paid', edge: 0, rows: packPaid([{ slot, conn: 1, indexes: [30, 0], gift: true }]) },
    ]);
    expect(round.state.gifts.count).toBe(1);
  });
});

describe('engagement', () => {
  it('is refused at most once a second for each stream, kind and code', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    const vote = { kind: 'vote', edge: 0, conn: 1, slot, target: 3 } as const;
    const clap = { ...vote, kind: 'clap', count: 1 } as const;
    const refused = effectsOf(round.raw(vote, clap, vote, clap), 'refused');
    expect(refused.map(({ what }) => what)).toEqual(['vote', 'clap']);
    round.nowMs += 999;
    expect(codes(round.raw(vote))).toEqual([]);
    round.nowMs += 1;
    expect(codes(round.raw(vote))).toEqual(['UNKNOWN_TARGET']);
  });

  it('takes one vote an account, also over two streams', () => {
    const round = live();
    const slot = round.open({ stream: 1, payer: 5 });
    const vote = { kind: 'vote', edge: 0, conn: 1, slot, target: 2 } as const;
    expect(codes(round.send({ ...vote, target: 3 }))).toEqual(['UNKNOWN_TARGET']);
    expect(codes(round.send(vote))).toEqual([]);
    expect(codes(round.send(vote))).toEqual(['ALREADY_VOTED']);
    const newer = round.open({ stream: 2, payer: 5 });
    expect(codes(round.send({ ...vote, conn: 2, slot: newer }))).toEqual(['ALREADY_VOTED']);
    expect(round.replica?.participants.map((each) => each.votes)).toEqual([0, 0, 1]);
    expect(round.replica?.participants[2]).toMatchObject({ score: 10, rank: 1 });
  });

  it('counts claps up to the rate and the rest later, never twice', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    const clap = (count: number): string[] =>
      codes(round.send({ kind: 'clap', edge: 0, conn: 1, slot, target: 0, count }));
    expect(clap(10)).toEqual([]);
    expect(clap(10)).toEqual([]);
    expect(round.state.totals.claps[0]).toBe(10);
    expect(clap(500)).toEqual(['CLAP_FLOOD']);
    const counted = round.state.totals.claps[0] ?? 0;
    expect(counted).toBeGreaterThanOrEqual(60);
    expect(counted).toBeLessThan(75);
    round.nowMs += 1_000;
    clap(500);
    expect((round.state.totals.claps[0] ?? 0) - counted).toBeGreaterThanOrEqual(12);
    expect((round.state.totals.claps[0] ?? 0) - counted).toBeLessThan(16);
  });

  it('counts a million claps of a stream, and leaves what is above unanswered', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.state.streams.setNumber(slot, CLAPS, 999_999);
    const clap = { kind: 'clap', edge: 0, conn: 1, slot, target: 0, count: 1_000_002 } as const;
    expect(codes(round.send(clap))).toEqual([]);
    expect(codes(round.send(clap))).toEqual([]);
    expect(round.state.streams.number(slot, CLAPS)).toBe(1_000_000);
  });

  it('takes votes and claps only while the round runs', () => {
    const round = new RoundDriver();
    round.runTo(T0 + 2_000);
    const slot = round.open({ stream: 1 });
    const vote = { kind: 'vote', edge: 0, conn: 1, slot, target: 0 } as const;
    expect(codes(round.send(vote))).toEqual(['ROUND_NOT_OPEN']);
    round.runTo(END);
    expect(codes(round.send(vote))).toEqual(['ROUND_OVER']);
    expect(codes(round.send({ ...vote, kind: 'clap', count: 3 }))).toEqual(['ROUND_OVER']);
  });

  it('counts only attached viewers as watching, and remembers whom they watched', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.send({ kind: 'watch', slot, target: 1 });
    round.runTo(START + 500);
    expect(round.replica?.participants[1]).toMatchObject({ watchers: 1, satsPerSecond: 1 });
    round.send({ kind: 'edgeGone', edge: 0 });
    round.runTo(START + 600);
    expect(round.replica?.participants[1]).toMatchObject({ watchers: 0, satsPerSecond: 0 });
    const [granted] = effectsOf(round.send(round.attachInput({ stream: 1, conn: 4 })), 'granted');
    expect(granted?.grant.watching).toBe(1);
    round.send({ kind: 'watch', slot, target: null });
    round.runTo(START + 1_000);
    expect(round.replica?.participants[1]).toMatchObject({ watchers: 0, satsPerSecond: 0 });
    expect(codes(round.send({ kind: 'watch', slot, target: 3 }))).toEqual(['UNKNOWN_TARGET']);
  });
});
