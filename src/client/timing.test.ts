import { describe, expect, it } from 'vitest';
import { ManualClock } from '../actors/testing/manual-clock.ts';
import { reconnectDelayMs } from './back-off.ts';
import { ServerClock } from './server-clock.ts';
import { Ticker } from './ticker.ts';

describe('the ticker', () => {
  it('keeps each beat, however late it is itself', () => {
    const clock = new ManualClock(0);
    const ticker = new Ticker(clock);
    const beats: number[] = [];
    ticker.add(1_010, () => (beats.push(clock.nowMs()), 1_000));
    clock.advance(20_000);
    expect(beats).toHaveLength(19);
    expect(beats.at(-1)).toBeLessThan(19_010 + 60);
  });

  it('skips what a sleeping machine has missed', () => {
    const clock = new ManualClock(0);
    let asleep = 0;
    const ticker = new Ticker({
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs() + asleep,
      after: (ms, run) => clock.after(ms, run),
      every: (ms, run) => clock.every(ms, run),
    });
    let beats = 0;
    ticker.add(100, () => (beats++, 100));
    clock.advance(1_000);
    const before = beats;
    asleep = 3_600_000;
    clock.advance(200);
    expect(beats - before).toBeLessThanOrEqual(3);
  });

  it('stops what is cancelled or done', () => {
    const clock = new ManualClock(0);
    const ticker = new Ticker(clock);
    let beats = 0;
    const timer = ticker.add(50, () => (beats++, 50));
    ticker.add(50, () => (beats++, null));
    clock.advance(125);
    timer.cancel();
    clock.advance(1_000);
    expect(beats).toBe(3);
  });
});

describe("the server's clock", () => {
  it('believes the sample with the shortest round trip', () => {
    const clock = new ManualClock(1_000_000);
    const server = new ServerClock(clock);
    server.sample({ sentMs: 1_000_000, receivedMs: 1_000_400, serverTimeMs: 5_000_390 }); // one way was slow
    server.sample({ sentMs: 1_000_400, receivedMs: 1_000_410, serverTimeMs: 5_000_405 });
    server.sample({ sentMs: 1_000_410, receivedMs: 1_000_710, serverTimeMs: 5_000_420 });
    expect(server.nowMs()).toBe(5_000_000);
    expect(server.roundTripMs).toBe(10);
  });

  it('takes a hint until there is a sample', () => {
    const clock = new ManualClock(1_000_000);
    const server = new ServerClock(clock);
    expect(server.nowMs()).toBe(1_000_000);
    server.hint(2_000_000);
    expect(server.nowMs()).toBe(2_000_000);
    server.sample({ sentMs: 1_000_000, receivedMs: 1_000_000, serverTimeMs: 3_000_000 });
    server.hint(9_000_000);
    expect(server.nowMs()).toBe(3_000_000);
  });
});

describe('the wait before reconnecting', () => {
  it('is short at first, grows, and is bounded', () => {
    expect(reconnectDelayMs(1006, 0, 0)).toBe(250);
    expect(reconnectDelayMs(4000, 0, 0.999)).toBeLessThanOrEqual(500);
    expect(reconnectDelayMs(1006, 30, 0.999)).toBeLessThanOrEqual(15_000);
  });

  it('is at least five seconds when the server asks for it, and never ends when it is pointless', () => {
    expect(reconnectDelayMs(4100, 0, 0)).toBe(5_000);
    expect(reconnectDelayMs(4203, 0, 0)).toBeNull();
  });
});
