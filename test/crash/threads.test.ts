// A thread or the process ends by itself: memory runs out in a shard, which is restored while its process lives, or in the
// process; or the one thread is gone without which nothing can be kept.
import { afterEach, describe, expect, it } from 'vitest';
import { pause } from './patience.ts';
import { Rig } from './rig.ts';

const TEST_TIMEOUT_MS = 120_000;
const ENDED_WITHIN_MS = 10_000;

describe('an engine that runs out of memory', { timeout: TEST_TIMEOUT_MS }, () => {
  let rig: Rig;
  afterEach(() => rig.close());

  it('restores the rounds of a shard that reached its limit, with its viewers connected', async () => {
    rig = await Rig.make();
    await rig.start();
    const viewers = await rig.watching(await rig.round(10), 4);
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
    const viewers = await rig.watching(await rig.round(14), 4);
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

describe('an engine whose store writer is gone', { timeout: TEST_TIMEOUT_MS }, () => {
  let rig: Rig;
  afterEach(() => rig.close());

  it('ends, instead of going on with nothing kept, and loses nothing', async () => {
    rig = await Rig.make();
    await rig.start();
    const viewers = await rig.watching(await rig.round(10), 4);
    await rig.untilPaying();
    rig.engine.order({ drill: 'terminate', thread: 'writer' });
    const ended = await Promise.race([rig.engine.exited, pause(ENDED_WITHIN_MS)]);
    expect(ended).toBeDefined();
    expect(rig.engine.output).toContain('The store writer ended');
    await rig.start();
    await rig.untilSettled(viewers);
    expect(await rig.judge()).toEqual([]);
  });
});
