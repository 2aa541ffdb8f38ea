/** What a cluster adds to the suite: answers that are lost, several engines at once, large numbers. */
import { afterEach, describe, expect, it } from 'vitest';
import type { AccountId } from '../../src/core/ids.ts';
import { type LedgerAccount, ledgerAccounts } from '../../src/ledger/journal.ts';
import type { Store } from '../../src/ports/store.ts';
import { openAerospikeStore, openStoreOn } from '../../src/store/aerospike/aerospike-store.ts';
import { type Wire, openWire } from '../../src/store/aerospike/wire.ts';
import { AEROSPIKE_HOSTS, openCleanStore, testOptions, truncate } from './aerospike-clean.ts';
import { forgetfulWire } from './aerospike-wires.ts';
import { AnswerThief } from './answer-thief.ts';
import {
  accountId,
  bytesOf,
  closingEntry,
  fundOperator,
  fundViewer,
  ownedRound,
  roundIdOf,
  settlementOf,
  streamId,
  termsOf,
  transfer,
  trialSum,
} from './fixtures.ts';
import { storeConformance } from './store-conformance.ts';

const available = (id: AccountId): LedgerAccount => ledgerAccounts.available(id);
const earned = (id: AccountId): LedgerAccount => ledgerAccounts.earned(id);

if (AEROSPIKE_HOSTS !== undefined) {
  let seed = 1;
  storeConformance('aerospike that loses one answer in ten, and one request in twenty', async () => {
    const options = testOptions('lossy');
    await truncate(options);
    const open = async (): Promise<Store> =>
      openStoreOn(forgetfulWire(await openWire(options), seed++), options);
    let store = await open();
    return {
      store,
      async reopen() {
        await store.close();
        store = await open();
        return store;
      },
      async dispose() {
        await store.close();
        await truncate(options);
      },
    };
  });
}

describe.runIf(AEROSPIKE_HOSTS !== undefined)('aerospike', () => {
  const undo: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  /** So many stores on the same sets, each with a connection of its own, as engines on several machines have. */
  async function several(count: number): Promise<readonly Store[]> {
    const { options, store, dispose } = await openCleanStore('many');
    undo.push(dispose);
    const others = await Promise.all(Array.from({ length: count - 1 }, () => openAerospikeStore(options)));
    for (const other of others) undo.push(() => other.close());
    return [store, ...others];
  }

  it('grants exactly what is there to 64 who want it at once through four connections', async () => {
    const stores = await several(4);
    const [first] = stores as [Store];
    const account = accountId(1);
    await fundViewer(first, account, 32 * 10 + 9);
    const roundId = roundIdOf('crowd');
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, i) =>
        (stores[i % 4] as Store).hold({ streamId: streamId(i), roundId, account, sats: 10, atMs: 1 }),
      ),
    );
    expect(answers.filter(({ ok }) => ok)).toHaveLength(32);
    expect(await first.readBalances(account)).toEqual({ availableSats: 9, heldSats: 320, earnedSats: 0 });
    expect(await first.holdsOfRound(roundId)).toHaveLength(32);
    expect(await trialSum(first)).toBe(0);
  });

  it('keeps every sat while four connections move them in circles, and refuses nobody who has them', async () => {
    const stores = await several(4);
    const [first] = stores as [Store];
    const people = [1, 2, 3, 4, 5].map(accountId);
    for (const account of people) await fundViewer(first, account, 1_000);
    const moves = Array.from({ length: 200 }, (_, i) => {
      const from = people[i % 5] as (typeof people)[0];
      const to = people[(i + 1) % 5] as (typeof people)[0];
      return (stores[i % 4] as Store).post(transfer(`m:${i}`, available(from), available(to), 10));
    });
    const answers = await Promise.all(moves);
    expect(answers.filter(({ ok }) => !ok)).toEqual([]);
    for (const account of people) expect(await first.readBalance(available(account))).toBe(1_000);
    expect(await trialSum(first)).toBe(0);
  });

  it('lets one of four owners write after all have taken the round, and one of four settle it', async () => {
    const stores = await several(4);
    const [first] = stores as [Store];
    const roundId = roundIdOf('tug');
    await first.createRound({ terms: termsOf(roundId), createdAtMs: 1 });
    const owners = await Promise.all(
      stores.map(async (store) => ({ store, acquired: await store.acquireRound(roundId) })),
    );
    const bytes = bytesOf(20, 1);
    const answers = await Promise.all(
      owners.map(({ store, acquired }) => {
        if (!acquired.ok) throw new Error('not acquired');
        return store.appendSegment({
          roundId,
          generation: acquired.generation,
          seq: 1,
          bytes,
          phase: 'live',
        });
      }),
    );
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);

    await fundViewer(first, accountId(1), 1_000);
    await first.hold({ streamId: streamId(1), roundId, account: accountId(1), sats: 500, atMs: 1 });
    const holds = await first.holdsOfRound(roundId);
    const entry = closingEntry('settle', holds, { paidSats: 300, payee: accountId(9) });
    const settled = await Promise.all(
      owners.map(({ store, acquired }) => {
        const generation = acquired.ok ? acquired.generation : 0;
        return store.commitSettlement(
          settlementOf({ roundId, generation, entry, txNo: 7, coinNo: 1, changeSats: 680 }),
        );
      }),
    );
    expect(settled.filter(({ ok }) => ok)).toHaveLength(1);
    expect(await first.readBalance(earned(accountId(9)))).toBe(300);
    expect(await trialSum(first)).toBe(0);
  });

  it('reads a snapshot whole when it is replaced, and its chunks are removed, while it is read', async () => {
    const { options, store, dispose } = await openCleanStore('many');
    undo.push(dispose);
    const roundId = roundIdOf('large');
    const generation = await ownedRound(store, roundId);
    const save = { roundId, generation, phase: 'live' as const };
    await store.saveSnapshot({ ...save, seq: 1, bytes: bytesOf(3_000_000, 1) });

    const wire = await openWire(options);
    const reading = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const slow: Wire = {
      ...wire,
      async getMany(ats) {
        if (ats.some(({ set }) => set === 'blobs')) {
          reading.resolve();
          await released.promise;
        }
        return await wire.getMany(ats);
      },
    };
    const reader = await openStoreOn(slow, options);
    undo.push(() => reader.close());
    const acquiring = reader.acquireRound(roundId);
    await reading.promise; // it knows which chunks to read, and has read none
    const other = await store.acquireRound(roundId);
    expect(other).toMatchObject({ ok: true, generation: 3, snapshot: { seq: 1 } });
    const replaced = { ...save, generation: 3, seq: 2, bytes: bytesOf(3_500_000, 2) };
    expect(await store.saveSnapshot(replaced)).toEqual({ ok: true });
    released.resolve();
    const saved = await acquiring;
    if (!saved.ok) throw new Error('not acquired');
    expect(saved).toMatchObject({ generation: 2, snapshot: { seq: 2 }, segments: [] });
    expect(saved.snapshot?.bytes).toEqual(bytesOf(3_500_000, 2));
    const stale = { ...save, generation: 2, seq: 3, bytes: bytesOf(1, 1) };
    expect(await reader.appendSegment(stale)).toEqual({ ok: false, code: 'STALE_GENERATION' });
  });

  it('can be closed while it works: what is under way ends, the rest is refused, and the books balance', async () => {
    const { options, store, dispose } = await openCleanStore('many');
    undo.push(dispose);
    await fundOperator(store, { no: 1, sats: 1_000 });
    const posts = Promise.allSettled(
      Array.from({ length: 200 }, (_, i) =>
        store.post(transfer(`c:${i}`, ledgerAccounts.operator, available(accountId(i % 7)), 1)),
      ),
    );
    await new Promise<void>((resolve) => void setTimeout(resolve, 10));
    await store.close();
    const codes = (await posts).map((one) =>
      one.status === 'rejected' ? (one.reason as { code: string }).code : 'ok',
    );
    expect(new Set(codes)).toEqual(new Set(codes.includes('ok') ? ['ok', 'UNAVAILABLE'] : ['UNAVAILABLE']));
    const heir = await openAerospikeStore(options);
    undo.push(() => heir.close());
    expect(await trialSum(heir)).toBe(0);
    for (let i = 0; i < 200; i++) {
      await heir.post(transfer(`c:${i}`, ledgerAccounts.operator, available(accountId(i % 7)), 1));
    }
    expect(await heir.readBalance(ledgerAccounts.operator)).toBe(800);
    expect(await trialSum(heir)).toBe(0);
  });

  it('recovers 1,000 rounds', async () => {
    const { options, store, dispose } = await openCleanStore('many');
    undo.push(dispose);
    const rounds = Array.from({ length: 1_000 }, (_, i) => roundIdOf(`r${i}`));
    await Promise.all(
      rounds.map(async (roundId, i) => {
        const save = { roundId, generation: await ownedRound(store, roundId), phase: 'live' as const };
        await store.appendSegment({ ...save, seq: 1, bytes: bytesOf(40, i) });
        await store.saveSnapshot({ ...save, seq: 2, bytes: bytesOf(2_000, i) });
        await store.appendSegment({ ...save, seq: 3, bytes: bytesOf(40, i + 1) });
      }),
    );
    const heir = await openAerospikeStore(options);
    undo.push(() => heir.close());
    const before = performance.now();
    const unfinished = await heir.unfinishedRounds();
    const saved = await Promise.all(unfinished.map(({ terms }) => heir.acquireRound(terms.roundId)));
    const tookMs = performance.now() - before;
    expect(saved).toHaveLength(1_000);
    for (const [i, { terms }] of unfinished.entries()) {
      const no = Number(terms.roundId.slice('round-r'.length));
      expect(saved[i]).toEqual({
        ok: true,
        generation: 2,
        terms: termsOf(roundIdOf(`r${no}`)),
        snapshot: { seq: 2, bytes: bytesOf(2_000, no) },
        segments: [{ seq: 3, bytes: bytesOf(40, no + 1) }],
      });
    }
    expect(tookMs).toBeLessThan(20_000);
  });

  it('loses no write and makes none twice when a proxy swallows answers while everybody works', async () => {
    const options = { ...testOptions('proxy'), commandTimeoutMs: 100, stalledMs: 300 };
    await truncate(options);
    const thief = await AnswerThief.before(options.hosts);
    undo.push(() => thief.close());
    const store = await openAerospikeStore({ ...options, hosts: thief.hosts, breakerFailures: 1_000 });
    undo.push(async () => {
      await store.close();
      await truncate(options);
    });
    const roundId = roundIdOf('proxy');
    const generation = await ownedRound(store, roundId);
    const people = Array.from({ length: 12 }, (_, i) => accountId(100 + i));
    for (const account of people) await fundViewer(store, account, 1_000);

    const over = new AbortController();
    const theft = (async () => {
      while (!over.signal.aborted) {
        await thief.stealFor(40);
        await new Promise<void>((resolve) => void setTimeout(resolve, 60));
      }
    })();
    const posts = people.flatMap((account, who) =>
      Array.from({ length: 3 }, (_, i) =>
        untilDone(() => store.post(transfer(`g:${who}:${i}`, available(account), earned(accountId(1)), 10))),
      ),
    );
    const holds = people.map((account, who) =>
      untilDone(() => store.hold({ streamId: streamId(who), roundId, account, sats: 100, atMs: 1 })),
    );
    const saves = (async () => {
      for (let seq = 1; seq <= 15; seq++) {
        const bytes = bytesOf(200, seq);
        await untilDone(() => store.appendSegment({ roundId, generation, seq, bytes, phase: 'live' }));
      }
    })();
    await Promise.all([...posts, ...holds, saves]);
    over.abort();
    await theft;

    expect(thief.stolenBytes).toBeGreaterThan(0);
    for (const account of people) {
      expect(await store.readBalances(account)).toEqual({ availableSats: 870, heldSats: 100, earnedSats: 0 });
    }
    expect(await store.readBalance(earned(accountId(1)))).toBe(360);
    expect(await store.holdsOfRound(roundId)).toHaveLength(12);
    expect(await trialSum(store)).toBe(0);
    const saved = await store.acquireRound(roundId);
    if (!saved.ok) throw new Error('not acquired');
    expect(saved.segments.map(({ seq }) => seq)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    for (const { seq, bytes } of saved.segments) expect(bytes).toEqual(bytesOf(200, seq));
  }, 60_000);

  it('acknowledges a write after the wait while no server went or came', async () => {
    const options = { ...testOptions('wait'), ackDelayMs: 50 };
    await truncate(options);
    const store = await openAerospikeStore(options);
    undo.push(async () => {
      await store.close();
      await truncate(options);
    });
    const before = performance.now();
    await fundOperator(store, { no: 1, sats: 10 });
    expect(performance.now() - before).toBeGreaterThanOrEqual(49);
    expect(await store.readBalance(ledgerAccounts.operator)).toBe(10);
  });

  it('fails fast while the cluster is away, says so, and works again when it is back', async () => {
    const options = {
      ...testOptions('proxy'),
      commandTimeoutMs: 100,
      retriesMax: 1,
      breakerFailures: 3,
      breakerOpenMs: 300,
    };
    await truncate(options);
    const thief = await AnswerThief.before(options.hosts);
    undo.push(() => thief.close());
    const store = await openAerospikeStore({ ...options, hosts: thief.hosts });
    undo.push(() => store.close());
    await fundOperator(store, { no: 1, sats: 10 });
    await thief.vanish();
    for (let i = 0; i < 4; i++) expect(await store.check()).toBe(false);
    const before = performance.now();
    await expect(store.readBalance(ledgerAccounts.operator)).rejects.toMatchObject({ retryable: true });
    expect(performance.now() - before).toBeLessThan(60);
    await thief.comeBack();
    await expect.poll(() => store.check(), { timeout: 10_000, interval: 100 }).toBe(true);
    expect(await store.readBalance(ledgerAccounts.operator)).toBe(10);
  });
});

/** As the engine does it: again, for as long as the answer is a fault that may pass. */
async function untilDone<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error as { retryable?: boolean }).retryable) throw error;
      await new Promise<void>((resolve) => void setTimeout(resolve, 20));
    }
  }
}
