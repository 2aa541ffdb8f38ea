// Memory runs out: in a shard, which is restored while its process lives, and in the process.
import { afterEach, describe, expect, it } from 'vitest';
import { Rig } from './rig.ts';

const TEST_TIMEOUT_MS = 120_000;

describe('an engine that runs out of memory', { timeout: TEST_TIMEOUT_MS }, () => {
  let rig: Rig;
  afterEach(() => rig.close());

  it('restores the rounds of a shard that reached its limit, with its viewers connected', async () => {
    rig = await Rig.make();
    await rig.start();
    const viewers = await rig.watching(await rig.round(15), 4);
    await rig.untilPaying();
    rig.engine.order({ drill: 'exhaust', thread: 'shard' });
    await rig.engine.says('ERR_WORKER_OUT_OF_MEMORY');
    await rig.untilPaying();
    expect(rig.engine.running).toBe(true);
    expect(rig.log.closeCodes).toEqual([]);
    await rig.untilSettled(viewers);
    expect(await rig.judge()).toEqual([]);
  });

  it('goes on where it was after the process reached its own', async () => {
    rig = await Rig.make({ nodeFlags: ['--max-old-space-size=192'] });
    await rig.start();
    const viewers = await rig.watching(await rig.round(20), 4);
    await rig.untilPaying();
    rig.engine.order({ drill: 'exhaust', thread: 'main' });
    const { code, signal } = await rig.engine.exited;
    expect(signal ?? code).not.toBe(0);
    await rig.start();
    await rig.untilPaying();
    await rig.untilSettled(viewers);
    expect(await rig.judge()).toEqual([]);
  });
});
