import { describe, expect, it } from 'vitest';
import type { Txid } from '../core/ids.ts';
import { encodeSnapshot } from './save-codec.ts';
import { nextWakeMs } from './step.ts';
import { RoundDriver, T0, accountNo, effectsOf, streamNo, testTerms, testWord } from './test-driver.ts';

const START = T0 + 5_000;
const END = T0 + 65_000;

function live(changes: Parameters<typeof testTerms>[0] = {}): RoundDriver {
  const round = new RoundDriver(testTerms(changes));
  round.runTo(START);
  return round;
}

const codes = (effects: Parameters<typeof effectsOf>[0]): string[] =>
  effectsOf(effects, 'refused').map((effect) => effect.code);

describe('phases', () => {
  it('follow the times of the terms to the end', () => {
    const round = new RoundDriver();
    const phases = effectsOf(round.runTo(END + 10_000), 'phase').map((effect) => effect.phase);
    expect(phases).toEqual(['scheduled', 'lobby', 'live', 'closing', 'settling']);
    expect(round.state.facts.cutoffAtMs).toBe(END + 2_000);
    expect(effectsOf(round.log, 'settle')).toHaveLength(1);
    expect(nextWakeMs(round.state)).toBeNull();
  });

  it('are announced, and settlement asked for, only when they are durable', () => {
    const round = new RoundDriver();
    round.runTo(END);
    round.nowMs = END + 2_000;
    const effects = round.raw({ kind: 'tick' });
    expect(effects.map((effect) => effect.kind)).toEqual(['publishDelta', 'saveSnapshot']);
    expect(round.answer().map((effect) => effect.kind)).toEqual(['phase', 'settle']);
  });

  it('start early when an operator says so, and grant the new time to those who wait', () => {
    const round = new RoundDriver();
    round.runTo(T0 + 2_000);
    const slot = round.open({ stream: 1 });
    const effects = round.send({ kind: 'start' });
    const nowMs = round.state.facts.startsAtMs;
    expect(nowMs).toBeLessThan(START);
    expect(effectsOf(effects, 'granted')).toMatchObject([
      { to: { conn: 1, ref: 0 }, grant: { slot, watchFromMs: nowMs } },
    ]);
    expect(round.replica).toMatchObject({ phase: 'live', startsAtMs: nowMs, endsAtMs: END });
    expect(effectsOf(round.send({ kind: 'start' }), 'phase')).toEqual([]);
  });

  it('end at a block height, also one that was mined before the start', () => {
    const round = new RoundDriver(testTerms({ end: { kind: 'height', height: 10 } }));
    round.runTo(START + 1_000);
    round.send({ kind: 'height', height: 9 });
    expect(round.state.facts.phase).toBe('live');
    round.send({ kind: 'height', height: 10 });
    expect(round.replica).toMatchObject({
      phase: 'closing',
      cutoffAtMs: (round.state.facts.endedAtMs ?? 0) + 2_000,
    });

    const early = new RoundDriver(testTerms({ end: { kind: 'height', height: 10 } }));
    early.send({ kind: 'height', height: 12 });
    early.runTo(START);
    expect(early.state.facts.phase).toBe('closing');
  });

  it('leave viewers the whole of closing when the engine was down at the end', () => {
    const round = live();
    round.crash();
    round.nowMs = END + 30_000;
    round.send({ kind: 'tick' });
    expect(round.state.facts).toMatchObject({ phase: 'closing', endedAtMs: END, cutoffAtMs: END + 32_000 });
  });

  it('follow the settlement to the end, in any order of repeats', () => {
    const round = new RoundDriver();
    round.runTo(END + 2_000);
    expect(round.replica?.result?.status).toBe('planned');
    const txids = ['a'.repeat(64) as Txid];
    const report = (status: 'planned' | 'accepted' | 'mined' | 'refunded'): void => {
      round.send({ kind: 'settlement', progress: { status, txids } });
    };
    report('accepted');
    report('planned');
    report('refunded');
    round.runTo(END + 3_000);
    expect(round.replica?.result).toMatchObject({ status: 'accepted', txids });
    report('mined');
    round.runTo(END + 4_000);
    expect(round.replica).toMatchObject({ phase: 'settled', result: { status: 'mined' } });
    round.crash();
    const effects = round.send({ kind: 'tick' });
    expect(effectsOf(effects, 'phase')).toMatchObject([{ phase: 'settled' }]);
    expect(effectsOf(effects, 'settle')).toEqual([]);
  });

  it('repeat the settlement after a restart until it is mined', () => {
    const round = new RoundDriver();
    round.runTo(END + 2_000);
    const [before] = effectsOf(round.log, 'settle');
    round.crash();
    const [after] = effectsOf(round.send({ kind: 'tick' }), 'settle');
    expect(after).toEqual(before);
  });
});

describe('cancelling', () => {
  it('refunds everything once it is durable, and tells every connection', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.send(round.words({ slot, index: 3 }));
    const effects = round.raw({ kind: 'cancel', reason: 'rain' });
    expect(effectsOf(effects, 'refund')).toEqual([]);
    const after = round.send({ kind: 'tick' });
    expect(effectsOf(after, 'streamEnded')).toMatchObject([
      { conn: 1, slot, reason: 'cancelled', paidSats: 0 },
    ]);
    expect(effectsOf(after, 'refund')).toHaveLength(1);
    expect(codes(round.send(round.words({ slot, index: 4 })))).toEqual(['ROUND_OVER']);
    expect(round.state.facts.cancelReason).toBe('rain');

    round.crash();
    expect(effectsOf(round.send({ kind: 'tick' }), 'refund')).toHaveLength(1);
    round.send({ kind: 'settlement', progress: { status: 'refunded', txids: [] } });
    round.crash();
    expect(effectsOf(round.send({ kind: 'tick' }), 'refund')).toEqual([]);
  });

  it('is too late from closing on', () => {
    const round = live();
    round.runTo(END);
    round.send({ kind: 'cancel', reason: 'rain' });
    expect(round.state.facts.phase).toBe('closing');
  });

  it('lets go of a hold that was under way', () => {
    const round = live();
    round.raw(round.openInput({ stream: 1 }));
    round.raw({ kind: 'cancel', reason: 'rain' });
    const effects = round.send({ kind: 'tick' });
    expect(codes(effects)).toEqual(['ROUND_OVER']);
    expect(round.holds.get(streamNo(1))).toBe(0);
  });
});

/** A new viewer gives the participant twice what the viewer before gave. */
function leadChange(round: RoundDriver, target: number): void {
  const slot = round.open({ stream: round.state.streams.count + 1 });
  round.send(round.words({ slot, index: 100 * 2 ** slot, target, gift: true }));
}

describe('overtime', () => {
  const overtime = { windowMs: 10_000, extendMs: 15_000, extensionsMax: 2 };

  it('moves the end for a lead change in the window, a bounded number of times', () => {
    const round = live({ overtime });
    leadChange(round, 1);
    expect(round.state.facts.endsAtMs).toBe(END);
    round.runTo(END - 9_000);
    leadChange(round, 2);
    expect(round.replica).toMatchObject({ phase: 'overtime', endsAtMs: END + 15_000 });
    leadChange(round, 2);
    expect(round.state.facts.overtimeCount).toBe(1);
    round.runTo(END + 6_000);
    leadChange(round, 0);
    round.runTo(END + 21_000);
    leadChange(round, 1);
    expect(round.state.facts).toMatchObject({ overtimeCount: 2, endsAtMs: END + 30_000 });
    round.runTo(END + 30_000);
    expect(round.state.facts).toMatchObject({ phase: 'closing', endedAtMs: END + 30_000 });
  });
});

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
      { index: 0, word: testWord(1, 0, 0) },
      { index: 0, word: testWord(1, 1, 0) },
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
    expect(codes(round.send(round.openInput({ stream: 3, holdSats: 2e12 })))).toEqual(['ROUND_FULL']);
    round.runTo(END);
    expect(codes(round.send(round.openInput({ stream: 4 })))).toEqual(['ROUND_OVER']);
    expect(round.state.streams.count).toBe(0);
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

  it('let go of a hold that nobody waits for', () => {
    const round = live();
    const effects = round.raw({ kind: 'held', streamId: streamNo(4), outcome: { ok: true } });
    expect(effectsOf(effects, 'shrinkHold')).toEqual([
      { kind: 'shrinkHold', streamId: streamNo(4), toSats: 0 },
    ]);
  });
});

describe('payments', () => {
  it('are acknowledged when they are durable, with what was accepted when the save was begun', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.nowMs += 50;
    const effects = round.raw(round.words({ slot, index: 2 }));
    expect(effectsOf(effects, 'appendSegment')).toHaveLength(1);
    round.raw(round.words({ slot, index: 3 }));
    expect(effectsOf(round.answer(), 'paid')).toEqual([
      { kind: 'paid', edge: 0, rows: [{ slot, conn: 1, indexes: [2, 0], gift: false }] },
    ]);
    expect(effectsOf(round.send({ kind: 'tick' }), 'paid')).toMatchObject([{ rows: [{ indexes: [3, 0] }] }]);
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

  it('refuse at most once a second for each stream and code', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    const early = round.words({ slot, index: 500 });
    expect(codes(round.raw(early, early, early))).toEqual(['TOO_EARLY']);
    round.nowMs += 999;
    expect(codes(round.raw(early))).toEqual([]);
    round.nowMs += 1;
    expect(codes(round.raw(early))).toEqual(['TOO_EARLY']);
  });

  it('acknowledge a repeat of what is durable at once', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    const gift = round.words({ slot, index: 30, gift: true });
    round.send(gift);
    expect(effectsOf(round.raw(gift), 'paid')).toMatchObject([{ rows: [{ indexes: [30, 0], gift: true }] }]);
    expect(round.state.gifts.count).toBe(1);
  });
});

describe('engagement', () => {
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

  it('takes votes and claps only while the round runs', () => {
    const round = new RoundDriver();
    round.runTo(T0 + 2_000);
    const slot = round.open({ stream: 1 });
    const vote = { kind: 'vote', edge: 0, conn: 1, slot, target: 0 } as const;
    expect(codes(round.send(vote))).toEqual(['ROUND_NOT_OPEN']);
    round.runTo(END);
    expect(codes(round.send(vote))).toEqual(['ROUND_OVER']);
    expect(codes(round.send({ ...vote, kind: 'clap', count: 3 }))).toEqual([]);
    round.nowMs += 1_000;
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

describe('frames', () => {
  it('start with a keyframe numbered 1, in each epoch', () => {
    const round = live();
    const [first] = effectsOf(round.log, 'publishKeyframe');
    expect(first).toMatchObject({ seq: 1, state: { phase: 'scheduled' } });
    expect(effectsOf(round.log, 'publishKeyframe')).toHaveLength(1);
    round.crash();
    expect(effectsOf(round.raw({ kind: 'tick' }), 'publishKeyframe')).toMatchObject([{ seq: 1 }]);
  });

  it('show events at once, at most one frame in 50 ms', () => {
    const round = live();
    const slots = [1, 2, 3, 4].map((stream) => round.open({ stream }));
    round.runTo(START + 1_200);
    const before = round.replicaSeq;
    for (const slot of slots) {
      round.raw({ kind: 'vote', edge: 0, conn: slot + 1, slot, target: 0 });
      round.nowMs += 10;
    }
    expect(round.replicaSeq).toBe(before + 1);
    expect(round.replica?.participants[0]?.votes).toBe(1);
    expect(nextWakeMs(round.state)).toBeLessThanOrEqual(START + 1_250);
    round.runTo(START + 1_300);
    expect(round.replicaSeq).toBe(before + 2);
    expect(round.replica?.participants[0]?.votes).toBe(4);
  });

  it('are silent while payments come as clients extrapolate them', () => {
    const round = live();
    const slots = [1, 2, 3].map((stream) => round.open({ stream }));
    for (const slot of slots) round.send({ kind: 'watch', slot, target: 0 });
    round.runTo(START + 2_000);
    let before = 0;
    for (let second = 2; second < 30; second++) {
      // The first words catch up with what was watched before.
      if (second === 5) before = round.replicaSeq;
      for (const slot of slots) round.raw(round.words({ slot, index: second, target: 0 }));
      round.runTo(START + second * 1_000 + 1_000);
    }
    expect(round.replicaSeq).toBe(before);
    const { replica } = round;
    const shown = replica?.participants[0];
    const level =
      (shown?.sats ?? 0) + ((round.nowMs - (replica?.atMs ?? 0)) / 1000) * (shown?.satsPerSecond ?? 0);
    expect(Math.abs(level - (round.state.totals.sats[0] ?? 0))).toBeLessThan(5);
  });

  it('correct a level at most once a second when nobody pays what was extrapolated', () => {
    const round = live();
    const slots = [1, 2, 3].map((stream) => round.open({ stream }));
    for (const slot of slots) round.send({ kind: 'watch', slot, target: 0 });
    round.runTo(START + 2_000);
    const before = round.replicaSeq;
    round.runTo(START + 22_000);
    expect(round.replicaSeq - before).toBeGreaterThanOrEqual(5);
    expect(round.replicaSeq - before).toBeLessThanOrEqual(20);
  });

  it('show the result from settling on, the same as the statement divides to', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.send(round.words({ slot, index: 1_000, gift: true, target: 1 }));
    round.runTo(END + 2_000);
    expect(round.replica?.result).toEqual({
      ranking: [1, 0, 2],
      paidSats: 1_000,
      directSats: 400,
      poolSats: 600,
      platformSats: 43,
      participantSats: [124, 771, 31],
      txids: [],
      status: 'planned',
    });
    expect(round.replica?.supporters).toEqual([{ account: accountNo(1), name: 'viewer 1', sats: 1_000 }]);
  });
});

describe('saves', () => {
  it('are one at a time and at most one in 25 ms', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.runTo(START + 1_000);
    const save = (index: number): number =>
      effectsOf(round.raw(round.words({ slot, index })), 'appendSegment').length;
    expect(save(1)).toBe(1);
    expect(save(2)).toBe(0);
    round.nowMs += 30;
    expect(save(3)).toBe(0);
    expect(effectsOf(round.answer(), 'appendSegment')).toHaveLength(1);
    round.answer();
    expect(save(4)).toBe(0);
    expect(nextWakeMs(round.state)).toBe(round.nowMs + 25);
  });

  it('start with a snapshot, and bring back exactly what they saved', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.send(
      round.words({ slot, index: 3 }),
      { kind: 'watch', slot, target: 1 },
      { kind: 'vote', edge: 0, conn: 1, slot, target: 1 },
      { kind: 'clap', edge: 0, conn: 1, slot, target: 2, count: 9 },
      round.words({ slot, index: 1, chain: 1, gift: true, target: 2 }),
    );
    expect(effectsOf(round.log, 'saveSnapshot')[0]?.seq).toBe(1);
    const before = encodeSnapshot(round.state);
    round.crash();
    expect(encodeSnapshot(round.state)).toEqual(before);
    expect(round.state.totals.sats).toEqual(Float64Array.of(3, 0, 1_000));
    expect(round.state.gifts.recent()).toMatchObject([{ no: 1, slot, sats: 1_000 }]);
  });

  it('refuse bytes that are cut off, of another round or do not add up', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.send(round.words({ slot, index: 3 }));
    const whole = round.snapshot?.bytes ?? new Uint8Array(0);
    round.snapshot = { seq: 1, bytes: whole.slice(0, -1) };
    expect(() => round.crash()).toThrow('cut off');
    round.snapshot = { seq: 1, bytes: whole };
    round.segments.splice(1, 1);
    expect(() => round.crash()).toThrow();
  });
});
