import { describe, expect, it } from 'vitest';
import type { RoundId } from '../core/ids.ts';
import { FRAME } from '../protocol/messages.ts';
import type { GiftOutcome } from './gift-queue.ts';
import { ROUND, START_MS, following, giftSats, watchSats, watching, world } from './testing/world.ts';

describe('a viewer that watches', () => {
  it('pays one sat a second, and never more than it has watched', async () => {
    const w = await watching();
    await w.run(10_000);
    expect(w.edge.paidSats).toBeGreaterThanOrEqual(8);
    expect(w.edge.paidSats).toBeLessThanOrEqual(10);
    expect(w.viewer.paid).toMatchObject({
      sentSats: w.edge.paidSats,
      acknowledgedSats: w.edge.paidSats,
    });
    expect(w.viewer.stats.ticksSent).toBe(w.edge.payments.length);
    expect(w.viewer.stats.ticksAccepted).toBe(w.viewer.stats.ticksSent);
  });

  it('pays by the clock of the server, however wrong its own is', async () => {
    const w = await watching({ skewMs: 7 * 3_600_000 });
    await w.run(10_000);
    expect(w.edge.paidSats).toBeGreaterThanOrEqual(8);
    expect(Math.abs(w.viewer.serverNowMs() - w.edge.nowMs())).toBeLessThan(10);
  });

  it('pays as often as the round asks, and loses nothing by it', async () => {
    const w = await watching({ state: { payEveryMs: 5_000 } });
    await w.run(21_000);
    expect(w.edge.payments.length).toBeLessThanOrEqual(4);
    expect(w.edge.paidSats).toBeGreaterThanOrEqual(15);
  });

  it('pays in a second of its own when the round asks less often', async () => {
    const paidBy: number[] = [0, 0, 0, 0, 0];
    for (let seed = 1; seed <= 40; seed++) {
      const w = await watching({ seed });
      await w.run(3_000);
      w.edge.publish({ payEveryMs: 5_000 });
      await w.run(6_000);
      for (const second of paidBy.keys()) {
        const before = w.edge.payments.length;
        await w.run(1_000);
        paidBy[second] = (paidBy[second] ?? 0) + w.edge.payments.length - before;
      }
    }
    expect(paidBy.reduce((sum, count) => sum + count, 0)).toBe(40);
    expect(Math.max(...paidBy)).toBeLessThan(20);
  });

  it('pays for the one it watched when it turns to another', async () => {
    const w = await watching();
    await w.run(5_000);
    void w.viewer.watch(1);
    await w.run(5_500);
    expect(watchSats(w.edge, 0)).toBeGreaterThanOrEqual(4);
    expect(watchSats(w.edge, 1)).toBeGreaterThanOrEqual(3);
    expect(w.edge.paidSats).toBeLessThanOrEqual(10);
  });

  it('pays nothing after it stopped', async () => {
    const w = await watching();
    await w.run(3_000);
    w.viewer.stop();
    await w.run(100);
    const paid = w.edge.paidSats;
    await w.run(10_000);
    expect(w.edge.paidSats).toBe(paid);
    expect([...w.edge.streams.values()][0]?.watching).toBeNull();
  });

  it('pays nothing while its page is hidden, and goes on after', async () => {
    const w = await watching();
    await w.run(3_000);
    w.viewer.pause(true);
    await w.run(20_000);
    const hidden = w.edge.paidSats;
    expect(hidden).toBeLessThanOrEqual(3);
    w.viewer.pause(false);
    await w.run(5_000);
    expect(w.viewer.watching).toBe(0);
    expect(w.edge.paidSats - hidden).toBeGreaterThanOrEqual(3);
    expect(w.edge.paidSats - hidden).toBeLessThanOrEqual(5);
  });

  it('pays for nothing before the start and nothing after the end', async () => {
    const w = await watching({ state: { phase: 'lobby', startsAtMs: START_MS + 5_000 } });
    await w.run(4_000);
    expect(w.edge.paidSats).toBe(0);
    w.edge.publish({ phase: 'live', endsAtMs: w.edge.nowMs() + 4_000 });
    await w.run(3_990);
    w.edge.publish({ phase: 'closing', cutoffAtMs: w.edge.nowMs() + 2_000 });
    await w.run(10_000);
    expect(w.edge.paidSats).toBe(3); // the fourth second had not quite passed when the frame arrived
  });

  it('pays for every second of a round that it was in from before the start, though frames take their time', async () => {
    const startsAtMs = START_MS + 2_000;
    const endsAtMs = startsAtMs + 5_000;
    const w = await watching({ state: { phase: 'lobby', startsAtMs } });
    await w.run(startsAtMs + 120 - w.edge.nowMs());
    w.edge.publish({ phase: 'live', endsAtMs });
    await w.run(endsAtMs + 120 - w.edge.nowMs());
    w.edge.publish({ phase: 'closing', cutoffAtMs: endsAtMs + 2_000 });
    await w.run(1_000);
    expect(w.edge.paidSats).toBe(5);
  });

  it('lays out a third chain for a high rate, one hash a second', async () => {
    const w = await watching({ state: { rateSatsPerSecond: 500 } });
    await w.run(5_000);
    const pays = w.edge.received.filter((one) => one.type === FRAME.PAY);
    expect(pays.every((one) => one.reveal.chain === 2)).toBe(true);
    expect(w.edge.paidSats % 500).toBe(0);
    expect(w.edge.paidSats).toBeGreaterThanOrEqual(1_500);
  });

  it('opens another stream when the hold is used up, and keeps counting', async () => {
    const w = await watching({ viewer: { watchSecondsMax: 4, giftBudgetSats: 0 } });
    await w.run(14_000);
    w.viewer.stop();
    await w.run(50);
    expect(w.edge.opens).toBeGreaterThanOrEqual(3);
    expect(w.viewer.paid?.sentSats).toBe(w.edge.paidSats);
    expect(w.edge.paidSats).toBeGreaterThanOrEqual(9);
  });
});

describe('a viewer whose connection is lost', () => {
  it('resumes the same stream and pays what was not durable once', async () => {
    const w = await watching();
    w.edge.holdAcks = true;
    await w.run(5_000);
    const before = w.edge.paidSats;
    w.edge.drop();
    await w.run(3_000);
    expect(w.edge.opens).toBe(1);
    expect(w.viewer.connection.kind).toBe('ready');
    await w.run(5_000);
    w.viewer.stop();
    await w.run(50);
    w.edge.acknowledge();
    await w.run(50);
    expect(w.edge.paidSats).toBeGreaterThan(before);
    expect(w.edge.paidSats).toBeLessThanOrEqual(13);
    expect(w.viewer.paid?.acknowledgedSats).toBe(w.edge.paidSats);
  });

  it('re-sends gifts that were not acknowledged, in order, before new words', async () => {
    const w = await watching();
    await w.run(2_000);
    w.edge.acknowledge();
    w.edge.holdAcks = true;
    const outcomes: GiftOutcome[] = [];
    w.viewer.on('gift', (gift) => outcomes.push(gift));
    const gifts = [25_300, 10, 100].map((sats) => w.viewer.gift(1, sats));
    await w.run(3_000);
    expect(giftSats(w.edge)).toEqual([25_300]); // one at a time
    w.edge.restore(); // what was accepted after the last save is gone
    w.edge.holdAcks = false;
    await w.run(1_000);
    expect(await Promise.all(gifts)).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
    expect(giftSats(w.edge)).toEqual([25_300, 25_300, 10, 100]); // the first was lost, and sent again
    expect(w.viewer.paid?.sentSats).toBe(w.edge.paidSats);
    expect(outcomes.filter((one) => one.status === 'accepted').map((one) => one.sats)).toEqual([
      25_300, 10, 100,
    ]);
    expect(w.viewer.stats).toMatchObject({ giftsSent: 3, giftsAccepted: 3, giftsRefused: 0 });
  });

  it('keeps a gift pending across a dropped connection and charges it once', async () => {
    const w = await watching();
    w.edge.holdAcks = true;
    const gift = w.viewer.gift(0, 1_234);
    await w.run(100);
    w.edge.acknowledge(); // durable, but the acknowledgement does not arrive any more
    w.edge.drop();
    await w.run(3_000);
    expect(await gift).toEqual({ ok: true });
    expect(giftSats(w.edge)).toEqual([1_234]);
  });

  it('waits at least five seconds when it is told to come later', async () => {
    const w = await following();
    w.edge.drop(4100);
    await w.run(4_900);
    expect(w.viewer.connection.kind).toBe('waiting');
    await w.run(12_000);
    expect(w.viewer.connection.kind).toBe('ready');
  });

  it('does not come back when it is told not to', async () => {
    const w = await following();
    w.edge.drop(4203);
    await w.run(60_000);
    expect(w.viewer.connection).toEqual({ kind: 'closed', closeCode: 4203 });
    expect(w.edge.connections).toBe(0);
  });

  it('gives up a path that has fallen silent', async () => {
    const w = await following();
    const sent = w.edge.received.length;
    w.edge.latencyMs = 1_000_000;
    await w.run(45_000);
    expect(w.edge.received.length).toBe(sent);
    w.edge.latencyMs = 5;
    await w.run(40_000);
    expect(w.viewer.connection.kind).toBe('ready');
  });
});

describe('a viewer that reloads', () => {
  it('takes up its stream, whom it watched and what it paid', async () => {
    const w = await watching();
    await w.run(5_000);
    const before = w.viewer.paid?.sentSats ?? 0;
    w.edge.drop(); // the page is gone with its memory; storage stays
    w.viewer.close();
    const again = w.another();
    void again.connect();
    void again.follow(ROUND);
    await w.run(500);
    expect(again.account).toBe(w.viewer.account);
    expect(w.edge.opens).toBe(1);
    expect(again.watching).toBe(0);
    expect(again.paid?.sentSats).toBeGreaterThanOrEqual(before);
    await w.run(4_000);
    expect(again.paid?.sentSats).toBe(w.edge.paidSats);
    expect(w.edge.paidSats).toBeGreaterThanOrEqual(before + 2);
  });

  it('sends a gift that it had promised and not sent', async () => {
    const w = await watching();
    w.edge.drop();
    void w.viewer.gift(0, 500);
    await Promise.resolve();
    await Promise.resolve();
    w.viewer.close();
    const again = w.another();
    void again.connect();
    void again.follow(ROUND);
    await w.run(1_000);
    expect(giftSats(w.edge)).toEqual([500]);
  });

  it('opens a new stream when the engine does not know the remembered one', async () => {
    const w = await watching();
    w.edge.streams.clear();
    w.edge.drop();
    w.viewer.close();
    const again = w.another();
    void again.connect();
    void again.follow(ROUND);
    await w.run(500);
    expect(w.edge.opens).toBe(2);
  });

  it('leaves the stream to the page that took it', async () => {
    const w = await watching();
    await w.run(2_000);
    const other = w.another();
    void other.connect();
    void other.follow(ROUND);
    await w.run(500);
    expect(w.viewer.paid).not.toBeNull();
    const paid = w.edge.paidSats;
    await w.run(5_000);
    expect(w.edge.paidSats - paid).toBeLessThanOrEqual(6); // one of them pays, not both
    expect(w.storage.loadStream(ROUND)).not.toBeNull();
  });
});

describe('a viewer of a round that is cancelled', () => {
  it('has paid nothing, in earlier streams neither', async () => {
    const w = await watching({ viewer: { watchSecondsMax: 3, giftBudgetSats: 0 } });
    await w.run(8_000);
    expect(w.edge.opens).toBeGreaterThanOrEqual(2);
    const ended: unknown[] = [];
    w.viewer.on('ended', (end) => ended.push(end));
    w.edge.publish({ phase: 'cancelled' });
    w.edge.end('cancelled');
    await w.run(100);
    expect(ended).toEqual([{ roundId: ROUND, reason: 'cancelled', paidSats: 0 }]);
    expect(w.viewer.paid?.acknowledgedSats).toBe(0);
  });

  it('while it was away hears of it when it comes back', async () => {
    const w = await watching();
    await w.run(3_000);
    const ended: unknown[] = [];
    w.viewer.on('ended', (end) => ended.push(end));
    w.edge.drop();
    w.edge.publish({ phase: 'cancelled' });
    await w.run(3_000);
    expect(ended).toEqual([{ roundId: ROUND, reason: 'cancelled', paidSats: 0 }]);
    expect(w.viewer.paid?.acknowledgedSats).toBe(0);
  });
});

it('a gift that waits when another page replaces the stream is not told that the round is over', async () => {
  const w = await watching();
  w.edge.holdAcks = true;
  const gifts = [w.viewer.gift(0, 10), w.viewer.gift(0, 20)];
  await w.run(100);
  w.edge.end('replaced');
  await w.run(100);
  expect(await Promise.all(gifts)).toEqual([{ ok: true }, { ok: false, code: 'STREAM_TAKEN' }]);
});

describe('the followed state', () => {
  it('joins again from where it was when a frame is missing', async () => {
    const w = await following();
    w.edge.publishLost({ viewers: 2 });
    w.edge.publish({ viewers: 3 });
    await w.run(100);
    expect(w.viewer.state?.viewers).toBe(3);
    const joins = w.edge.received.filter((one) => one.type === FRAME.JOIN);
    expect(joins.map(({ resume }) => resume)).toEqual([null, { epoch: 1, seq: 1 }]);
  });

  it('resumes after a lost connection with the missed frames only', async () => {
    const w = await following();
    const kinds: string[] = [];
    w.viewer.on('state', ({ delta }) => kinds.push(delta === null ? 'keyframe' : 'delta'));
    w.edge.drop();
    w.edge.publish({ viewers: 5 });
    await w.run(3_000);
    expect(w.viewer.state?.viewers).toBe(5);
    expect(kinds).toEqual(['delta']);
  });

  it('takes the keyframe of a restored round', async () => {
    const w = await following();
    w.edge.publish({ viewers: 5 });
    w.edge.state.viewers = 4;
    w.edge.restore();
    await w.run(100);
    expect(w.viewer.state?.viewers).toBe(4);
    w.edge.publish({ viewers: 6 });
    await w.run(100);
    expect(w.viewer.state?.viewers).toBe(6);
  });

  it('says when there is no such round', async () => {
    const w = await following();
    const outcome = w.viewer.follow('r-other' as RoundId);
    await w.run(100);
    expect(await outcome).toMatchObject({ ok: false, code: 'ROUND_NOT_FOUND' });
  });
});

describe('leaving', () => {
  it('closes the stream after the last word', async () => {
    const w = await watching();
    await w.run(3_000);
    const ended: number[] = [];
    w.viewer.on('ended', ({ paidSats }) => ended.push(paidSats));
    const left = w.viewer.leave();
    await w.run(100);
    expect(await left).toEqual({ ok: true });
    expect(ended).toEqual([w.edge.paidSats]);
    await w.run(5_000);
    expect(w.edge.paidSats).toBe(ended[0]);
  });

  it('refuses to pay on another network', async () => {
    const w = world({ viewer: { network: 'main' } });
    const codes: string[] = [];
    w.viewer.on('error', ({ code }) => codes.push(code));
    void w.viewer.connect();
    await w.run(200);
    expect(codes).toEqual(['FORBIDDEN']);
    expect(w.viewer.connection.kind).toBe('closed');
  });
});
