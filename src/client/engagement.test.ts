import { describe, expect, it } from 'vitest';
import { FRAME } from '../protocol/messages.ts';
import { ROUND, giftSats, watching } from './testing/world.ts';

describe('gifts', () => {
  it('are made of as few words as possible on both chains', async () => {
    const w = await watching();
    const gift = w.viewer.gift(1, 25_300);
    await w.run(100);
    expect(await gift).toEqual({ ok: true });
    const message = w.edge.received.findLast((one) => one.type === FRAME.GIFT);
    expect(message?.reveals.map(({ chain, index }) => [chain, index])).toEqual([
      [0, 300],
      [1, 25],
    ]);
  });

  it('are answered when durable, not before', async () => {
    const w = await watching();
    w.edge.holdAcks = true;
    let settled = false;
    void w.viewer.gift(0, 10).then(() => (settled = true));
    await w.run(2_000);
    expect(settled).toBe(false);
    w.edge.acknowledge();
    await w.run(100);
    expect(settled).toBe(true);
  });

  it('beyond the hold are refused without being sent', async () => {
    const w = await watching();
    expect(await w.viewer.gift(0, 1_000_000)).toMatchObject({ ok: false, code: 'OVER_HOLD' });
    expect(await w.viewer.gift(0, 0.5)).toMatchObject({ ok: false, code: 'VALIDATION_FAILED' });
    expect(await w.viewer.gift(9, 10)).toMatchObject({ ok: false, code: 'UNKNOWN_TARGET' });
    expect(w.edge.received.some((one) => one.type === FRAME.GIFT)).toBe(false);
  });

  it('that the engine refuses cost nothing and do not stop the payments after them', async () => {
    const w = await watching();
    w.edge.refuseGifts = 'OVER_HOLD';
    const gift = w.viewer.gift(0, 700);
    await w.run(1_000);
    expect(await gift).toMatchObject({ ok: false, code: 'OVER_HOLD' });
    w.edge.refuseGifts = null;
    const second = w.viewer.gift(0, 40);
    await w.run(5_000);
    expect(await second).toEqual({ ok: true });
    expect(giftSats(w.edge)).toEqual([40]);
    expect(w.viewer.paid?.sentSats).toBe(w.edge.paidSats);
    expect(w.edge.paidSats).toBeLessThanOrEqual(46);
  });

  it('that were refused twice, because they were repeated, do not take the next one with them', async () => {
    const w = await watching();
    const errors: string[] = [];
    w.viewer.on('error', ({ code }) => errors.push(code));
    w.edge.refuseGifts = 'OVER_HOLD';
    const gifts = [w.viewer.gift(0, 10), w.viewer.gift(0, 20)];
    for (let turn = 0; turn < 3; turn++) await Promise.resolve(); // the first one goes out
    w.edge.restore(); // so that it is sent once more, and each time there is an answer
    await w.run(10);
    w.edge.refuseGifts = null;
    await w.run(2_000);
    expect(await Promise.all(gifts)).toEqual([{ ok: false, code: 'OVER_HOLD' }, { ok: true }]);
    expect(giftSats(w.edge)).toEqual([20]);
    expect(errors).toEqual([]);
  });

  it('are not taken for refused when something else is', async () => {
    const w = await watching();
    w.edge.holdAcks = true;
    w.edge.refuseClaps = 'UNKNOWN_TARGET';
    const codes: string[] = [];
    w.viewer.on('error', ({ code }) => codes.push(code));
    const gift = w.viewer.gift(0, 700);
    await w.viewer.clap(1);
    await w.run(1_000);
    expect(codes).toEqual(['UNKNOWN_TARGET']);
    w.edge.acknowledge();
    await w.run(100);
    expect(await gift).toEqual({ ok: true });
    expect(w.viewer.paid?.sentSats).toBe(w.edge.paidSats);
  });

  it('are refused by what the engine says of them, at once', async () => {
    const w = await watching();
    w.edge.refuseGifts = 'ROUND_OVER';
    const gift = w.viewer.gift(0, 700);
    await w.run(100);
    expect(await gift).toMatchObject({ ok: false, code: 'ROUND_OVER' });
  });

  it('that come too late are refused, and the seconds that were watched are paid all the same', async () => {
    const w = await watching();
    await w.run(5_000);
    w.edge.state.phase = 'closing'; // the frame that says so is still on its way
    const gifts = [w.viewer.gift(0, 300), w.viewer.gift(1, 20)];
    await w.run(1_000);
    w.edge.publish({ phase: 'closing', endsAtMs: w.edge.nowMs(), cutoffAtMs: w.edge.nowMs() + 2_000 });
    await w.run(1_000);
    for (const gift of gifts) expect(await gift).toMatchObject({ ok: false, code: 'ROUND_OVER' });
    expect(giftSats(w.edge)).toEqual([]);
    expect(w.edge.paidSats).toBeGreaterThanOrEqual(5);
    expect(w.viewer.paid?.sentSats).toBe(w.edge.paidSats);
  });

  it('that were under way when the round ended are told apart by what was paid', async () => {
    const w = await watching();
    w.edge.holdAcks = true;
    const first = w.viewer.gift(0, 10);
    const second = w.viewer.gift(0, 20);
    await w.run(100);
    w.edge.end('roundOver');
    await w.run(100);
    expect(await first).toEqual({ ok: true });
    expect(await second).toMatchObject({ ok: false, code: 'ROUND_OVER' });
    expect(w.viewer.paid?.acknowledgedSats).toBe(10);
    expect(w.storage.loadStream(ROUND)).toBeNull();
  });
});

describe('votes and claps', () => {
  it('counts one vote, here too', async () => {
    const w = await watching();
    expect(await w.viewer.voteFor(1)).toEqual({ ok: true });
    expect(await w.viewer.voteFor(0)).toMatchObject({ ok: false, code: 'ALREADY_VOTED' });
    await w.run(100);
    expect([...w.edge.streams.values()][0]?.vote).toBe(1);
  });

  it('sends claps in combos and never faster than the limit', async () => {
    const w = await watching();
    let counted = 0;
    for (let i = 0; i < 100; i++) counted += await w.viewer.clap(0);
    await w.run(300);
    const sent = w.edge.received.filter((one) => one.type === FRAME.CLAP);
    expect(sent.length).toBe(1);
    expect(counted).toBeLessThan(60);
    expect([...w.edge.streams.values()][0]?.claps).toEqual([counted, 0]);
    w.edge.drop();
    await w.run(2_000);
    await w.viewer.clap(0);
    await w.run(300);
    expect([...w.edge.streams.values()][0]?.claps).toEqual([counted + 1, 0]);
  });
});
