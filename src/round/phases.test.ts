import { describe, expect, it } from 'vitest';
import type { Txid } from '../core/ids.ts';
import { nextWakeMs } from './step.ts';
import { RoundDriver, T0, effectsOf, streamNo, testTerms, START, END, live, codes } from './test-driver.ts';

/** A new viewer gives the participant twice what the viewer before gave. */
function leadChange(round: RoundDriver, target: number): void {
  const slot = round.open({ stream: round.state.streams.count + 1 });
  round.send(round.words({ slot, index: 100 * 2 ** slot, target, gift: true }));
}

describe('phases', () => {
  it('show no open streams once words are not taken any more', () => {
    const round = live();
    round.open({ stream: 1 });
    round.runTo(END + 1_000);
    expect(round.replica).toMatchObject({ phase: 'closing', viewers: 1 });
    round.runTo(END + 3_000);
    expect(round.replica).toMatchObject({ phase: 'settling', viewers: 0 });
    const cancelled = live();
    cancelled.open({ stream: 1 });
    cancelled.send({ kind: 'cancel', reason: 'rain' });
    cancelled.runTo(START + 5_000);
    expect(cancelled.replica).toMatchObject({ phase: 'cancelled', viewers: 0 });
  });

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
    // Harmless, and what finds a round that was refunded and not yet marked finished.
    expect(effectsOf(round.send({ kind: 'tick' }), 'refund')).toHaveLength(1);
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
