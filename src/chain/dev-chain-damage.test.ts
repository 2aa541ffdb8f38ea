// A chain whose file was damaged is refused, or was damaged where it does not matter.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccountId } from '../core/ids.ts';
import { Prng } from '../core/prng.ts';
import { systemClock } from '../platform/clock.ts';
import { systemRandom } from '../platform/random.ts';
import type { Logger } from '../ports/logger.ts';
import { openLedgerFile } from './dev/ledger-file.ts';
import { type DevChain, openDevChain } from './dev-chain.ts';

const DAMAGES = 150;
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

describe('the file of the development chain', () => {
  let folder: string;
  let whole: Buffer;
  let rows: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringside-chain-'));
    const path = join(folder, 'whole');
    const chain = await openChain(path);
    for (let no = 0; no < 20; no++) {
      await chain.fund('11'.repeat(20) as AccountId, [1_000 + no, 5]);
      await chain.mine();
    }
    await chain.close();
    whole = await readFile(join(path, 'data.mdb'));
    rows = await dump(path);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it(`is refused, or has all its rows, after each of ${DAMAGES} damages`, { timeout: 120_000 }, async () => {
    const random = new Prng(3);
    let refused = 0;
    for (let damage = 0; damage < DAMAGES; damage++) {
      const hurt = Buffer.from(whole);
      const length = 1 + random.below(random.chance(0.5) ? 8 : 2_048);
      const at = random.below(hurt.length - length);
      for (let offset = 0; offset < length; offset++) hurt[at + offset] = random.below(256);
      const path = await write(`case-${damage}`, hurt);
      try {
        expect(await dump(path)).toBe(rows);
      } catch (error) {
        expect(error).toMatchObject({ code: 'CHAIN_FAILED' });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(DAMAGES / 5);
  });

  it('is refused when it was cut off, with what to do', async () => {
    const path = await write('cut', whole.subarray(0, whole.length / 2));
    await expect(openChain(path)).rejects.toMatchObject({
      code: 'CHAIN_FAILED',
      message: expect.stringMatching(/is damaged.*put back the last good copy/s) as string,
    });
  });

  it('is refused by its format when it is of the one without checksums', async () => {
    const path = join(folder, 'old');
    await mkdir(path);
    const root = open({ path, noSubdir: false, maxDbs: 8 });
    await root.openDB({ name: 'meta' }).put('format', 1);
    await root.close();
    await expect(openChain(path)).rejects.toMatchObject({
      message: expect.stringContaining('has format 1 and this version reads 2') as string,
    });
  });

  async function write(name: string, bytes: Uint8Array): Promise<string> {
    const path = join(folder, name);
    await mkdir(path);
    await writeFile(join(path, 'data.mdb'), bytes);
    return path;
  }
});

function openChain(path: string): Promise<DevChain> {
  return openDevChain({ path, clock: systemClock, random: systemRandom, logger: silent, blockIntervalMs: 0 });
}

async function dump(path: string): Promise<string> {
  const file = openLedgerFile(path);
  const tables = [
    file.blocks,
    file.transactions,
    file.places,
    file.mempool,
    file.spent,
    file.faucet,
    file.meta,
  ];
  const text = tables.map((table) => JSON.stringify([...table.getRange({})])).join('\n');
  await file.root.close();
  return text;
}
