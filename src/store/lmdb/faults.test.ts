import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccountId, RoundId } from '../../core/ids.ts';
import { type JournalEntry, type LedgerAccount, ledgerAccounts } from '../../ledger/journal.ts';
import { integerCodec } from './codecs.ts';
import { openDatabase, transactionOf, viewOf } from './database.ts';
import { keys } from './keys.ts';
import { openLmdbStore } from './lmdb-store.ts';
import { SCHEMA_VERSION } from './schema.ts';

const account = 'a'.repeat(40) as AccountId;

function funding(id: string, to: LedgerAccount, sats: number): JournalEntry {
  const legs = [
    { account: ledgerAccounts.treasury, sats: -sats },
    { account: to, sats },
  ];
  return { id, kind: 'funding', atMs: 1, legs };
}

describe('faults of an LMDB store', () => {
  let path: string;

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'ringside-store-'));
  });

  afterEach(async () => {
    await rm(path, { recursive: true });
  });

  it('a database of another schema is refused with what to do about it', async () => {
    const db = openDatabase(path, { readOnly: false });
    db.transactionSync(() => {
      transactionOf(db).put(keys.meta('schema'), integerCodec.encode(SCHEMA_VERSION + 1));
    });
    await db.close();
    await expect(openLmdbStore({ path })).rejects.toMatchObject({
      code: 'STORE_FAILED',
      inDoubt: false,
      message: expect.stringMatching(
        /schema 3 and this version reads 2.*Run the version that wrote it/,
      ) as string,
    });
  });

  it('a database of the first schema, without checksums, is refused as that and not as damaged', async () => {
    const db = openDatabase(path, { readOnly: false });
    await db.put(keys.account(ledgerAccounts.operator), Buffer.alloc(17));
    await db.put(keys.meta('schema'), integerCodec.encode(1));
    await db.close();
    await expect(openLmdbStore({ path })).rejects.toMatchObject({
      message: expect.stringContaining('has schema 1 and this version reads 2') as string,
    });
  });

  it('a path that cannot be a directory is a coded error, and the next path works', async () => {
    const file = join(path, 'file');
    await writeFile(file, 'not a directory');
    await expect(openLmdbStore({ path: file })).rejects.toMatchObject({
      code: 'STORE_FAILED',
      inDoubt: false,
    });
    const store = await openLmdbStore({ path: join(path, 'a', 'b.c') });
    expect(await store.check()).toBe(true);
    await store.close();
  });

  it('a write that fails halfway leaves nothing behind and harms none of its group', async () => {
    const store = await openLmdbStore({ path });
    const tooLong = `user:${'x'.repeat(3_000)}:available` as LedgerAccount; // no key can be this long
    const mine = ledgerAccounts.available(account);
    const answers = await Promise.allSettled([
      store.post(funding('one', mine, 1)),
      store.post(funding('two', tooLong, 10)),
      store.post(funding('three', mine, 100)),
    ]);
    expect(answers[0]).toEqual({ status: 'fulfilled', value: { ok: true, applied: true } });
    expect(answers[1]).toMatchObject({
      status: 'rejected',
      reason: { code: 'STORE_FAILED', inDoubt: false },
    });
    expect(answers[2]).toEqual({ status: 'fulfilled', value: { ok: true, applied: true } });
    expect(await store.trialBalance()).toEqual(
      new Map([
        [mine, 101],
        [ledgerAccounts.treasury, -101],
      ]),
    );
    expect(await store.post(funding('two', mine, 10))).toEqual({ ok: true, applied: true });
    await store.close();
  });

  it('a full disk refuses the write, not in doubt, and keeps what was there', async () => {
    const script = fileURLToPath(new URL('./testing/full-disk.ts', import.meta.url));
    // A limit on the size of files stands for the disk: writing beyond it fails in the same place.
    const limited = spawn('sh', ['-c', 'ulimit -f 8192; exec "$0" "$@"', process.execPath, script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    limited.stdout.on('data', (data) => {
      stdout += String(data);
    });
    await once(limited, 'close');
    const { saved, ...outcome } = JSON.parse(stdout) as { saved: number };
    expect(outcome).toEqual({ code: 'STORE_FAILED', inDoubt: false, retryable: true, smallWriteAfter: true });
    expect(saved).toBeGreaterThan(0);
    const store = await openLmdbStore({ path });
    const kept = await store.acquireRound('battle' as RoundId);
    expect(kept).toMatchObject({ ok: true, segments: { length: saved } });
    await store.close();
  });

  it('the file grows beyond the map it started with', async () => {
    const db = openDatabase(path, { readOnly: false, mapBytes: 1 << 20 });
    const value = new Uint8Array(100_000).fill(7);
    for (let i = 0; i < 60; i++) db.transactionSync(() => transactionOf(db).put(keys.entry(i), value));
    for (let i = 0; i < 60; i++) expect(viewOf(db).get(keys.entry(i))?.length).toBe(100_000);
    await db.close();
  });
});
