// What is sent again after a fault is for whom it was in the first place.
import { describe, expect, it } from 'vitest';
import { TickLog } from './tick-log.ts';
import { watchSats, watching } from './testing/world.ts';

describe('a viewer that turned to another participant before its words were durable', () => {
  it('repeats each second for the one that was watched in it', async () => {
    const w = await watching();
    w.edge.holdAcks = true;
    await w.run(5_000);
    void w.viewer.watch(1);
    await w.run(3_000);
    const [zero, one] = [watchSats(w.edge, 0), watchSats(w.edge, 1)];
    expect(zero).toBeGreaterThanOrEqual(4);
    expect(one).toBeGreaterThanOrEqual(1);
    w.edge.payments.length = 0;
    w.edge.restore(); // nothing of it was durable
    w.edge.holdAcks = false;
    await w.run(20);
    expect(watchSats(w.edge, 0)).toBe(zero);
    expect(watchSats(w.edge, 1)).toBe(one);
  });
});

describe('the log of watch words', () => {
  it('tells for whom words are that are not durable, a row for each run of one target', () => {
    const log = new TickLog();
    log.sent({ from: 3, to: 4, target: 0 });
    log.sent({ from: 4, to: 6, target: 0 });
    log.sent({ from: 6, to: 7, target: 1 });
    log.acknowledged(4);
    expect(log.repeats({ from: 4, to: 7, otherwise: 2 })).toEqual([
      { to: 6, target: 0 },
      { to: 7, target: 1 },
    ]);
    expect([log.sentCount, log.acknowledgedCount]).toEqual([3, 1]);
  });

  it('takes words that it has not seen, of a page before, for those of the viewer as remembered', () => {
    const log = new TickLog();
    log.sent({ from: 5, to: 6, target: 1 });
    expect(log.repeats({ from: 2, to: 8, otherwise: 0 })).toEqual([
      { to: 5, target: 0 },
      { to: 6, target: 1 },
      { to: 8, target: 0 },
    ]);
  });

  it('has nothing to repeat when all is durable', () => {
    const log = new TickLog();
    log.sent({ from: 0, to: 1, target: 0 });
    expect(log.repeats({ from: 1, to: 1, otherwise: 0 })).toEqual([]);
  });
});
