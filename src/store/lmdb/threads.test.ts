import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assert } from '../../core/assert.ts';
import type { AccountId, RoundId } from '../../core/ids.ts';
import { ledgerAccounts } from '../../ledger/journal.ts';
import type { Store } from '../../ports/store.ts';
import { openLmdbStore } from './lmdb-store.ts';
import type { ThreadData, ThreadJob, ThreadReport } from './testing/store-thread.ts';

const account = 'a'.repeat(40) as AccountId;
const roundId = 'battle' as RoundId;

/** The first report of that kind. */
function reportOf<K extends ThreadReport['kind']>(
  worker: Worker,
  kind: K,
): Promise<Extract<ThreadReport, { kind: K }>> {
  return new Promise((resolve, reject) => {
    worker.on('message', (report: ThreadReport) => {
      if (report.kind === kind) resolve(report as Extract<ThreadReport, { kind: K }>);
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error(`the thread ended without reporting ${kind}`)));
  });
}

describe('one LMDB store in several threads', () => {
  let path: string;
  let store: Store;
  let workers: Worker[] = [];

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'ringside-store-'));
    store = await openLmdbStore({ path });
  });

  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.terminate()));
    workers = [];
    await store.close();
    await rm(path, { recursive: true });
  });

  function startThread(job: ThreadJob, at = path): Worker {
    const data: ThreadData = { path: at, job };
    const worker = new Worker(new URL('./testing/store-thread.ts', import.meta.url), { workerData: data });
    workers.push(worker);
    return worker;
  }

  async function createRound(): Promise<void> {
    const terms = { roundId } as Parameters<Store['createRound']>[0]['terms'];
    expect(await store.createRound({ terms, createdAtMs: 1 })).toEqual({ ok: true });
  }

  it('never overdraws an account that four threads hold from at once', async () => {
    const legs = [
      { account: ledgerAccounts.treasury, sats: -150 },
      { account: ledgerAccounts.available(account), sats: 150 },
    ];
    await store.post({ id: 'fund', kind: 'funding', atMs: 1, legs });
    const threads = [1, 2, 3, 4].map((thread) =>
      startThread({ kind: 'hold', thread, account, roundId, count: 64 }),
    );
    const reports = await Promise.all(threads.map((worker) => reportOf(worker, 'granted')));
    expect(reports.reduce((sum, report) => sum + report.count, 0)).toBe(150);
    expect(await store.readBalances(account)).toEqual({ availableSats: 0, heldSats: 150, earnedSats: 0 });
    expect(await store.holdsOfRound(roundId)).toHaveLength(150);
  });

  it('lets one owner write at a time: whoever acquired the round last', async () => {
    await createRound();
    const first = startThread({ kind: 'append', roundId });
    expect(await reportOf(first, 'owner')).toMatchObject({ generation: 1 });
    const firstEnd = reportOf(first, 'fenced');
    const second = startThread({ kind: 'append', roundId });
    const secondOwns = reportOf(second, 'owner');
    const secondEnd = reportOf(second, 'fenced');
    expect(await firstEnd).toMatchObject({ generation: 1 });
    await secondOwns;
    const third = await store.acquireRound(roundId);
    const ends = [await firstEnd, await secondEnd];
    assert(third.ok, 'the round is there');
    expect(third.generation).toBe(3);
    // Every segment is of the owner that was told it was saved, in the order of the owners.
    const owners = third.segments.map(({ bytes }) => bytes[0]);
    expect(owners).toEqual(owners.toSorted((a = 0, b = 0) => a - b));
    for (const { generation, lastSeq } of ends) {
      if (lastSeq > 0) expect(third.segments[lastSeq - 1]?.bytes[0]).toBeLessThanOrEqual(generation);
    }
    expect(owners.filter((owner) => owner === 1)).toHaveLength(ends[0]?.lastSeq ?? -1);
    expect(third.segments).toHaveLength(ends[1]?.lastSeq ?? -1);
  });

  it('keeps what was acknowledged to a thread that is terminated while it writes, and goes on', async () => {
    await createRound();
    for (let generation = 1; generation <= 3; generation++) {
      const worker = startThread({ kind: 'appendForEver', roundId });
      let acknowledged = 0;
      worker.on('message', (report: ThreadReport) => {
        if (report.kind === 'seq') acknowledged = report.seq;
      });
      await reportOf(worker, 'seq');
      await worker.terminate();
      const saved = await store.acquireRound(roundId);
      assert(saved.ok, 'the round is there');
      expect(saved.segments.map(({ seq }) => seq)).toEqual(saved.segments.map((_, i) => i + 1));
      expect(saved.segments.length).toBeGreaterThanOrEqual(acknowledged);
    }
  });

  it('shows a thread at once what another has written', async () => {
    const worker = startThread({ kind: 'hold', thread: 1, account, roundId, count: 1 });
    expect(await reportOf(worker, 'granted')).toMatchObject({ count: 0 });
    const legs = [
      { account: ledgerAccounts.treasury, sats: -5 },
      { account: ledgerAccounts.available(account), sats: 5 },
    ];
    await store.post({ id: 'fund', kind: 'funding', atMs: 1, legs });
    expect((await store.readBalances(account)).availableSats).toBe(5);
    const again = startThread({ kind: 'hold', thread: 1, account, roundId, count: 1 });
    expect(await reportOf(again, 'granted')).toMatchObject({ count: 1 });
    expect((await store.readBalances(account)).heldSats).toBe(1);
  });

  it('is refused to a thread when the main thread does not have it open', async () => {
    const elsewhere = startThread({ kind: 'open' }, join(path, 'elsewhere'));
    expect(await reportOf(elsewhere, 'refused')).toMatchObject({ code: 'UNAVAILABLE' });
    await store.close();
    const late = startThread({ kind: 'open' });
    expect(await reportOf(late, 'refused')).toMatchObject({ code: 'UNAVAILABLE' });
    store = await openLmdbStore({ path });
    expect(await reportOf(startThread({ kind: 'open' }), 'opened')).toEqual({ kind: 'opened' });
  });

  it('is shared by handles of the main thread, each closed on its own', async () => {
    const second = await openLmdbStore({ path });
    await createRound();
    expect(await second.readRound(roundId)).toMatchObject({ generation: 0 });
    await second.close();
    await expect(second.readRound(roundId)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(second.acquireRound(roundId)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await store.acquireRound(roundId)).toMatchObject({ generation: 1 });
  });

  it('finishes what is under way before it closes', async () => {
    await createRound();
    const acquiring = store.acquireRound(roundId);
    await store.acquireRound(roundId);
    const last = store.putReceipt(roundId, new Uint8Array([1, 2, 3]));
    await store.close();
    await Promise.all([acquiring, last]);
    store = await openLmdbStore({ path });
    expect(await store.readReceipt(roundId)).toEqual(new Uint8Array([1, 2, 3]));
  });
});
