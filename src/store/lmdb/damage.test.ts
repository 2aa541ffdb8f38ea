// A store whose file was damaged is refused, or was damaged where it does not matter: never a third way.
import { copyFile, mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccountId } from '../../core/ids.ts';
import { Prng } from '../../core/prng.ts';
import { type LedgerAccount, ledgerAccounts } from '../../ledger/journal.ts';
import { openDatabase, transactionOf, viewOf } from './database.ts';
import { checkStoreFile } from './damage.ts';
import { keys } from './keys.ts';
import { openLmdbStore } from './lmdb-store.ts';

const DAMAGES = 400;

describe('the file of an LMDB store', () => {
  let folder: string;
  let whole: string;
  let rows: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringside-damage-'));
    whole = join(folder, 'whole.mdb');
    const path = join(folder, 'store');
    await fill(path);
    rows = await dump(path);
    await copyFile(join(path, 'data.mdb'), whole);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is found whole as it was written', async () => {
    expect(await judge(await readFile(whole))).toMatchObject({ ok: true });
  });

  it('is refused when it was cut off anywhere', async () => {
    const bytes = await readFile(whole);
    for (const share of [0.001, 0.1, 0.4, 0.7]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      expect(await judge(cut)).toMatchObject({ ok: false });
    }
  });

  it('is refused when one of its meta pages is older than it can be', async () => {
    const bytes = await readFile(whole);
    const [one, other] = [0, 4_096].map((at) => bytes.readBigUInt64LE(at + 24 + 128));
    const newest = (one ?? 0n) > (other ?? 0n) ? 0 : 4_096;
    bytes.writeBigUInt64LE(3n, newest + 24 + 128); // LMDB would go on with the state before the last write
    expect(await judge(bytes)).toMatchObject({ ok: false });
  });

  it(`is refused, or has all its rows, after each of ${DAMAGES} damages`, { timeout: 120_000 }, async () => {
    const random = new Prng(7);
    const bytes = await readFile(whole);
    const verdicts = { refused: 0, harmless: 0 };
    for (let damage = 0; damage < DAMAGES; damage++) {
      const hurt = Buffer.from(bytes);
      const length = 1 + random.below(random.chance(0.5) ? 8 : 4_096);
      const at = random.below(hurt.length - length);
      for (let offset = 0; offset < length; offset++) hurt[at + offset] = random.below(256);
      const { ok, path } = await judge(hurt);
      if (ok) {
        expect(await dump(path)).toBe(rows);
        if (damage % 4 === 0) expect(await dumpAfterWriting(path)).toBe(rows); // no page that is in use was handed out
      }
      verdicts[ok ? 'harmless' : 'refused']++;
    }
    expect(verdicts.refused).toBeGreaterThan(DAMAGES / 4);
    expect(verdicts.harmless).toBeGreaterThan(0); // free pages and free space
  });

  it('is not opened when it is damaged, and the message says what to do', async () => {
    const path = join(folder, 'refused');
    const store = await openLmdbStore({ path });
    await store.close();
    const file = join(path, 'data.mdb');
    await truncate(file, (await stat(file)).size - 8_192);
    const before = await readFile(file);
    await expect(openLmdbStore({ path })).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/is damaged.*put back the last good copy/s) as string,
    });
    expect(Buffer.compare(await readFile(file), before)).toBe(0);
  });

  it('does not give out a row that was damaged while it was open', async () => {
    const path = join(folder, 'open');
    const account = '77'.repeat(20) as AccountId;
    const store = await openLmdbStore({ path });
    await store.post({
      id: 'd',
      kind: 'deposit',
      atMs: 1,
      legs: [
        { account: 'treasury' as LedgerAccount, sats: -1_000 },
        { account: ledgerAccounts.available(account), sats: 1_000 },
      ],
    });
    expect(await store.readBalances(account)).toMatchObject({ availableSats: 1_000 });
    const file = await open(join(path, 'data.mdb'), 'r+');
    const bytes = await file.readFile();
    const key = Buffer.from(keys.account(ledgerAccounts.available(account)));
    for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) {
      await file.write(Buffer.of(0xff), 0, 1, at + key.length + 1); // the balance
    }
    await file.close();
    await expect(store.readBalances(account)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await store.close();
  });

  async function judge(bytes: Uint8Array): Promise<{ readonly ok: boolean; readonly path: string }> {
    const path = await mkdtemp(join(folder, 'case-'));
    await writeFile(join(path, 'data.mdb'), bytes);
    return { ...checkStoreFile(path), path };
  }
});

/** Rows of all sizes, some removed again, in several transactions. */
async function fill(path: string): Promise<void> {
  const random = new Prng(1);
  const db = openDatabase(path, { readOnly: false });
  for (let round = 0; round < 12; round++) {
    db.transactionSync(() => {
      const tx = transactionOf(db);
      for (let no = 0; no < 60; no++) {
        const length = random.chance(0.05) ? 9_000 : random.chance(0.05) ? 0 : random.below(300);
        const value = Uint8Array.from({ length }, () => random.below(256));
        tx.put(keys.entryId(`entry-${random.below(500)}`), value);
      }
      for (let no = 0; no < 20; no++) tx.remove(keys.entryId(`entry-${random.below(500)}`));
    });
  }
  await db.close();
}

/** The same rows, after others were written and removed. */
async function dumpAfterWriting(path: string): Promise<string> {
  const db = openDatabase(path, { readOnly: false });
  for (const change of ['put', 'remove'] as const) {
    db.transactionSync(() => {
      const tx = transactionOf(db);
      for (let no = 0; no < 200; no++) {
        const key = keys.meta(`new-${no}`);
        if (change === 'put') tx.put(key, new Uint8Array(no * 10));
        else tx.remove(key);
      }
    });
  }
  await db.close();
  expect(checkStoreFile(path)).toMatchObject({ ok: true });
  return dump(path);
}

async function dump(path: string): Promise<string> {
  const db = openDatabase(path, { readOnly: true });
  const lines = Array.from(viewOf(db).scan(Buffer.of(0x69)), ({ key, value }) =>
    [key, value].map((bytes) => Buffer.from(bytes).toString('hex')).join(' '),
  );
  await db.close();
  return lines.join('\n');
}
