// The disk is full while viewers pay: nothing is acknowledged that is not kept, and it goes on when there is room.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { poll } from './patience.ts';
import { Rig } from './rig.ts';
import { mountMemory, mountsAllowed } from './tmpfs.ts';

const DISK_MB = 16;
const BLOCK_BYTES = 4_096;
const TEST_TIMEOUT_MS = 120_000;

describe.runIf(mountsAllowed())('an engine whose disk is full', { timeout: TEST_TIMEOUT_MS }, () => {
  it('keeps its rounds and every acknowledgement, also when it is killed then, and settles when there is room', async () => {
    const disk = mountMemory(DISK_MB);
    const rig = await Rig.make({ dataDir: join(disk.path, 'data') });
    const ballast = join(disk.path, 'ballast');
    try {
      await rig.start();
      const round = await rig.round(20);
      const viewers = await rig.watching(round, 4);
      await rig.untilPaying();
      fill(ballast);
      // Words go on being sent; sooner or later none of them is acknowledged any more.
      const stuck = await poll(
        async () => ((await rig.payments.first(performance.now(), 2_500)) === null ? true : undefined),
        { timeoutMs: 15_000, everyMs: 1 },
      );
      expect(stuck).toBe(true);
      if (rig.engine.running) await rig.engine.kill();
      rmSync(ballast);
      await rig.start();
      await rig.untilPaying();
      await rig.untilSettled(viewers);
      expect(await rig.judge()).toEqual([]);
    } finally {
      await rig.close();
      disk.remove();
    }
  });

  it('goes on by itself when there is room again', async () => {
    const disk = mountMemory(DISK_MB);
    const rig = await Rig.make({ dataDir: join(disk.path, 'data') });
    const ballast = join(disk.path, 'ballast');
    try {
      await rig.start();
      const viewers = await rig.watching(await rig.round(20), 4);
      await rig.untilPaying();
      fill(ballast);
      await poll(
        async () => ((await rig.payments.first(performance.now(), 2_500)) === null ? true : undefined),
        { timeoutMs: 15_000, everyMs: 1 },
      );
      rmSync(ballast);
      await rig.untilPaying();
      expect(rig.engine.running).toBe(true);
      await rig.untilSettled(viewers);
      expect(await rig.judge()).toEqual([]);
    } finally {
      await rig.close();
      disk.remove();
    }
  });

  it('says so when it is started on a full disk', async () => {
    const disk = mountMemory(1);
    const rig = await Rig.make({ dataDir: join(disk.path, 'data') });
    try {
      fill(join(disk.path, 'ballast'));
      expect(await rig.launch()).toBe(false);
      expect(rig.engine.output).toMatch(/no space left/i);
    } finally {
      await rig.close();
      disk.remove();
    }
  });
});

/** To the last block. */
function fill(path: string): void {
  for (let size = 1_048_576; size >= BLOCK_BYTES; size = Math.floor(size / 2)) {
    for (;;) {
      try {
        writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
}
