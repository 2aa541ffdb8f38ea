import { describe, expect, it } from 'vitest';
import { encodeSnapshot } from './save-codec.ts';
import { nextWakeMs } from './step.ts';
import { accountNo, effectsOf, START, END, live } from './test-driver.ts';

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

  it('come less often to a large audience, for what many viewers do; a gift does not wait for it', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.runTo(START + 1_200);
    round.state.totals.openStreams = 15_000;
    const before = round.replicaSeq;
    for (let clap = 1; clap <= 40; clap++) {
      round.raw({ kind: 'clap', edge: 0, conn: 1, slot, target: 0, count: clap });
      round.nowMs += 50;
    }
    // 2 seconds at 15,000 deliveries a second: 2 frames of 15,000.
    expect(round.replicaSeq - before).toBeGreaterThanOrEqual(1);
    expect(round.replicaSeq - before).toBeLessThanOrEqual(3);
    const shown = round.replicaSeq;
    round.raw(round.words({ slot, index: 5, chain: 1, gift: true }));
    round.nowMs += 50;
    round.raw({ kind: 'tick' });
    expect(round.replicaSeq).toBe(shown + 1);
  });

  it('are spread as words are while the engine is busy', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.send({ kind: 'pace', payEveryMs: 5_000 });
    round.runTo(START + 2_000);
    const before = round.replicaSeq;
    for (let clap = 1; clap <= 20; clap++) {
      round.raw({ kind: 'clap', edge: 0, conn: 1, slot, target: 0, count: clap });
      round.nowMs += 50;
    }
    expect(round.replicaSeq - before).toBeGreaterThanOrEqual(4);
    expect(round.replicaSeq - before).toBeLessThanOrEqual(5);
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
  it.each([
    { what: 'at most one in 25 ms for gifts', gift: true, firstMs: 4_010, laterMs: 4_040, dueMs: 4_065 },
    { what: 'at multiples of 200 ms for words', gift: false, firstMs: 4_200, laterMs: 4_405, dueMs: 4_600 },
  ])('are one at a time, and $what', ({ gift, firstMs, laterMs, dueMs }) => {
    const round = live();
    const slot = round.open({ stream: 1 });
    const save = (index: number): number =>
      effectsOf(round.raw(round.words({ slot, index, gift })), 'appendSegment').length;
    round.runTo(START + 4_010);
    expect(save(1)).toBe(gift ? 1 : 0);
    round.nowMs = START + firstMs;
    expect(save(2)).toBe(gift ? 0 : 1);
    round.nowMs = START + laterMs;
    expect(save(3)).toBe(0);
    expect(effectsOf(round.answer(), 'appendSegment')).toHaveLength(gift ? 1 : 0);
    round.answer();
    expect(save(4)).toBe(0);
    round.state.session.frames.mayDrift = false;
    round.state.session.frames.event = false;
    expect(nextWakeMs(round.state)).toBe(START + dueMs);
  });

  it('do not wait when somebody pauses, who is told what was paid', () => {
    const round = live();
    const slot = round.open({ stream: 1 });
    round.send({ kind: 'watch', slot, target: 0 });
    round.runTo(START + 4_000);
    round.raw(round.words({ slot, index: 1 }));
    round.answer();
    round.nowMs += 30;
    expect(effectsOf(round.raw(round.words({ slot, index: 2 })), 'appendSegment')).toEqual([]);
    const effects = round.raw({ kind: 'watch', slot, target: null });
    expect(effectsOf(effects, 'appendSegment')).toHaveLength(1);
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
