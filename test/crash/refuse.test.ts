// Files that are not as the engine left them: it does not start, says why and what to do, and changes nothing.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rig } from './rig.ts';
import { mountMemory, mountsAllowed } from './tmpfs.ts';

const TEST_TIMEOUT_MS = 60_000;
/** Not a start that takes long, but one that never ends. */
const REFUSED_WITHIN_MS = 30_000;

describe('an engine whose files were changed behind its back', { timeout: TEST_TIMEOUT_MS }, () => {
  let folder: string;
  let whole: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ringside-refuse-'));
    whole = join(folder, 'whole');
    const rig = await Rig.make({ dataDir: whole });
    await rig.start();
    await rig.watching(await rig.round(60), 4);
    await rig.untilPaying();
    await rig.engine.kill();
    await rig.close();
  }, TEST_TIMEOUT_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    [
      'the store overwritten in the middle',
      'store/data.mdb',
      overwrite,
      /store at .* is damaged: .*put back the last good copy/,
    ],
    ['the store cut off', 'store/data.mdb', cut, /store at .* is damaged: .*put back the last good copy/],
    [
      'the chain overwritten in the middle',
      'chain/data.mdb',
      overwrite,
      /chain at .* is damaged: .*put back the last good copy/,
    ],
    ['the chain cut off', 'chain/data.mdb', cut, /chain at .* is damaged: .*put back the last good copy/],
    ['the store gone', 'store/data.mdb', rmSync, /store\/data.mdb is missing.*put it back/],
    ['the chain gone', 'chain/data.mdb', rmSync, /chain\/data.mdb is missing.*put it back/],
    ['the key of the treasury gone', 'treasury-key', rmSync, /treasury-key is missing.*put it back/],
    ['the key of the platform gone', 'platform-key', rmSync, /platform-key is missing.*put it back/],
    [
      'the key of the treasury cut off',
      'treasury-key',
      (file: string) => truncateSync(file, 20),
      /does not hold a private key/,
    ],
  ])('refuses to start with %s', async (_name, part, damage, message) => {
    const dataDir = mkdtempSync(join(folder, 'case-'));
    cpSync(whole, dataDir, { recursive: true });
    damage(join(dataDir, part));
    const before = digest(dataDir);
    const rig = await Rig.make({ dataDir });
    try {
      expect(await Promise.race([rig.launch(), after(REFUSED_WITHIN_MS)])).toBe(false);
      expect(await rig.engine.exited).toEqual({ code: 1, signal: null });
      expect(rig.engine.output.replaceAll('\n', ' ')).toMatch(message);
      expect(digest(dataDir)).toEqual(before);
    } finally {
      await rig.close();
    }
  });

  it.runIf(mountsAllowed())(
    'refuses to start on a disk that cannot be written, and starts when it can',
    async () => {
      const disk = mountMemory(64);
      const dataDir = join(disk.path, 'data');
      const rig = await Rig.make({ dataDir });
      try {
        cpSync(whole, dataDir, { recursive: true });
        disk.remount('ro');
        expect(await rig.launch()).toBe(false);
        expect(await rig.engine.exited).toEqual({ code: 1, signal: null });
        expect(rig.engine.output).toMatch(/cannot use the data directory .*read-only/);
        disk.remount('rw');
        await rig.start();
        await rig.engine.kill();
      } finally {
        await rig.close();
        disk.remove();
      }
    },
  );
});

async function after(ms: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return 'still starting';
}

/** Every page but the first two, in its middle: some of them are in use. */
function overwrite(file: string): void {
  const handle = openSync(file, 'r+');
  const { size } = statSync(file);
  for (let at = 2 * 4_096; at < size; at += 4_096)
    writeSync(handle, Buffer.alloc(64, 0x5a), 0, 64, at + 2_000);
  closeSync(handle);
}

function cut(file: string): void {
  truncateSync(file, Math.floor(statSync(file).size / 8_192) * 4_096);
}

/** Of everything but locks. */
function digest(dataDir: string): string {
  const { stdout } = spawnSync(
    'sh',
    ['-c', "find . -type f ! -name 'lock.mdb' ! -name engine.lock | sort | xargs sha256sum"],
    { cwd: dataDir, encoding: 'utf8' },
  );
  return stdout;
}
