// SIGTERM: rounds with seconds left are finished, the others saved; viewers are told to come back, and lose nothing.
import { afterEach, describe, expect, it } from 'vitest';
import { Rig } from './rig.ts';

const RESTARTING = 4000;
const TEST_TIMEOUT_MS = 120_000;

describe('an engine that is asked to end', { timeout: TEST_TIMEOUT_MS }, () => {
  let rig: Rig;
  afterEach(() => rig.close());

  it('finishes the round that is about to end, saves the other, and its viewers resume after the restart', async () => {
    rig = await Rig.make({ flags: ['--drain-ms', '9000'] });
    await rig.start();
    const [short, long] = [await rig.round(6), await rig.round(20)];
    const [ending, staying] = await Promise.all([rig.watching(short, 3), rig.watching(long, 3)]);
    await rig.untilPaying();
    rig.engine.signal('SIGTERM');
    await rig.untilSettled(ending); // they hear of it on the connections they had
    expect(rig.log.closeCodes).toEqual([]);
    expect(await rig.engine.exited).toEqual({ code: 0, signal: null });
    // What follows are their first attempts to come back.
    expect(rig.log.closeCodes.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => RESTARTING));

    const acknowledged = staying.map(({ paid }) => paid?.acknowledgedSats ?? 0);
    await rig.start();
    await rig.untilPaying();
    await rig.untilSettled(staying);
    for (const [at, { paid }] of staying.entries()) {
      expect(paid?.acknowledgedSats).toBeGreaterThanOrEqual(acknowledged[at] ?? 0);
    }
    expect(await rig.judge()).toEqual([]);
  });

  it('makes no new round meanwhile, and does not wait for longer than it was told', async () => {
    rig = await Rig.make({ flags: ['--drain-ms', '300'] });
    await rig.start();
    const round = await rig.round(4);
    await rig.watching(round, 2);
    rig.engine.signal('SIGTERM');
    const refused = await rig.office.api.createRound({ participants: [{ name: 'x' }] });
    expect(refused.ok).toBe(false);
    expect(await rig.engine.exited).toEqual({ code: 0, signal: null });
    await rig.start();
    await rig.untilSettled(rig.viewers);
    expect(await rig.judge()).toEqual([]);
  });

  it('ends at once when it is asked twice, and still loses nothing', async () => {
    rig = await Rig.make({ flags: ['--drain-ms', '20000'] });
    await rig.start();
    await rig.watching(await rig.round(8), 3);
    await rig.untilPaying();
    rig.engine.signal('SIGTERM');
    await rig.engine.says('waiting for rounds');
    rig.engine.signal('SIGINT');
    expect(await rig.engine.exited).toEqual({ code: null, signal: 'SIGINT' });
    await rig.start();
    await rig.untilSettled(rig.viewers);
    expect(await rig.judge()).toEqual([]);
  });
});
