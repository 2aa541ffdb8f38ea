/** Money: postings, holds, the journal. */
import { describe, expect, it } from 'vitest';
import { AssertionFailure } from '../../src/core/assert.ts';
import { type JournalEntry, ledgerAccounts } from '../../src/ledger/journal.ts';
import {
  bytesOf,
  accountId,
  closingEntry,
  fundOperator,
  fundViewer,
  ownedRound,
  roundIdOf,
  streamId,
  transfer,
  trialSum,
} from './fixtures.ts';
import type { StoreUnderTest } from './store-under-test.ts';

const SHORT = { ok: false, code: 'INSUFFICIENT_FUNDS' };

export function accountCases(current: () => StoreUnderTest): void {
  const viewer = accountId(1);
  const other = accountId(2);

  describe('postings', () => {
    it('move sats once per entry id', async () => {
      const { store } = current();
      await fundViewer(store, viewer, 1_000);
      const entry = transfer('gift', ledgerAccounts.available(viewer), ledgerAccounts.earned(other), 300);
      expect(await store.post(entry)).toEqual({ ok: true, applied: true });
      expect(await store.post(entry)).toEqual({ ok: true, applied: false });
      expect(await store.post({ ...entry, legs: entry.legs.toReversed() })).toEqual({
        ok: true,
        applied: false,
      });
      expect(await store.readBalances(viewer)).toEqual({ availableSats: 700, heldSats: 0, earnedSats: 0 });
      expect(await store.readBalances(other)).toEqual({ availableSats: 0, heldSats: 0, earnedSats: 300 });
      expect(await store.readBalance(ledgerAccounts.treasury)).toBe(-1_000);
      expect(await trialSum(store)).toBe(0);
    });

    it('post every leg or none, and a refused id can be posted later', async () => {
      const { store } = current();
      await fundViewer(store, viewer, 1_000);
      const entry: JournalEntry = {
        id: 'both',
        kind: 'deposit',
        atMs: 1,
        legs: [
          { account: ledgerAccounts.available(viewer), sats: -600 },
          { account: ledgerAccounts.available(other), sats: -1 },
          { account: ledgerAccounts.operator, sats: 601 },
        ],
      };
      expect(await store.post(entry)).toEqual(SHORT);
      expect(await store.readBalance(ledgerAccounts.available(viewer))).toBe(1_000);
      expect(await store.listEntries({ account: ledgerAccounts.available(other), limit: 9 })).toEqual([]);
      await fundViewer(store, other, 1);
      expect(await store.post(entry)).toEqual({ ok: true, applied: true });
      expect(await store.readBalance(ledgerAccounts.available(other))).toBe(0);
    });

    it('judge an account by the sum of its legs', async () => {
      const { store } = current();
      await fundViewer(store, viewer, 10);
      const legs = [
        { account: ledgerAccounts.available(viewer), sats: -500 },
        { account: ledgerAccounts.available(viewer), sats: 495 },
        { account: ledgerAccounts.earned(viewer), sats: 5 },
      ];
      expect(await store.post({ id: 'net', kind: 'deposit', atMs: 1, legs })).toMatchObject({ ok: true });
      expect(await store.readBalances(viewer)).toEqual({ availableSats: 5, heldSats: 0, earnedSats: 5 });
      expect(await store.listEntries({ account: ledgerAccounts.available(viewer), limit: 9 })).toHaveLength(
        2,
      );
    });

    it('bring no account below zero but the contra accounts', async () => {
      const { store } = current();
      await fundOperator(store, { no: 1, sats: 50 });
      const { operator, fees, treasury } = ledgerAccounts;
      expect(await store.post(transfer('a', operator, ledgerAccounts.available(viewer), 51))).toEqual(SHORT);
      expect(await store.post(transfer('b', ledgerAccounts.earned(viewer), operator, 1))).toEqual(SHORT);
      expect(await store.post(transfer('c', fees, treasury, 20))).toMatchObject({ ok: true });
      expect(await store.readBalance(fees)).toBe(-20);
      expect(await store.readBalance(treasury)).toBe(-30);
    });

    it('carry amounts up to all that can exist', async () => {
      const { store } = current();
      await fundViewer(store, viewer, 2_100_000_000_000_000);
      expect(await store.readBalance(ledgerAccounts.available(viewer))).toBe(2_100_000_000_000_000);
      expect(await store.readBalance(ledgerAccounts.treasury)).toBe(-2_100_000_000_000_000);
    });

    it('that do not sum to zero are a bug, and change nothing', async () => {
      const { store } = current();
      await fundViewer(store, viewer, 10);
      const bad = { ...transfer('bad', ledgerAccounts.available(viewer), ledgerAccounts.earned(other), 5) };
      const legs = [bad.legs[0], { account: ledgerAccounts.earned(other), sats: 6 }].flatMap(
        (leg) => leg ?? [],
      );
      await expect(store.post({ ...bad, legs })).rejects.toThrow(AssertionFailure);
      await expect(store.post({ ...bad, legs: [] })).rejects.toThrow(AssertionFailure);
      expect(await store.post(bad)).toEqual({ ok: true, applied: true });
    });

    it('of which one is a bug do not harm those made at the same time', async () => {
      const { store } = current();
      await fundViewer(store, viewer, 100);
      const answers = await Promise.allSettled([
        store.post(transfer('one', ledgerAccounts.available(viewer), ledgerAccounts.earned(other), 1)),
        store.post({
          ...transfer('two', ledgerAccounts.available(viewer), ledgerAccounts.earned(other), 1),
          legs: [],
        }),
        store.post(transfer('three', ledgerAccounts.available(viewer), ledgerAccounts.earned(other), 1)),
      ]);
      expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await store.readBalance(ledgerAccounts.earned(other))).toBe(2);
    });

    it('are listed per account, newest first, page by page', async () => {
      const { store } = current();
      await fundViewer(store, viewer, 1_000);
      await fundViewer(store, other, 1_000);
      for (let i = 0; i < 23; i++) {
        const from = i % 2 === 0 ? viewer : other;
        await store.post(
          transfer(`entry:${i}`, ledgerAccounts.available(from), ledgerAccounts.earned(accountId(3)), i + 1),
        );
      }
      const seen: string[] = [];
      let before: number | undefined;
      for (;;) {
        const page = await store.listEntries({
          account: ledgerAccounts.available(viewer),
          limit: 5,
          ...(before === undefined ? {} : { before }),
        });
        if (page.length === 0) break;
        for (const entry of page) {
          if (before !== undefined) expect(entry.no).toBeLessThan(before);
          before = entry.no;
          seen.push(entry.id);
        }
      }
      const mine = Array.from({ length: 12 }, (_, i) => `entry:${22 - 2 * i}`);
      expect(seen).toEqual([...mine, `fund:${viewer}`]);
      const [newest] = await store.listEntries({ account: ledgerAccounts.earned(accountId(3)), limit: 1 });
      expect(newest).toEqual({
        ...transfer('entry:22', ledgerAccounts.available(viewer), ledgerAccounts.earned(accountId(3)), 23),
        no: expect.any(Number) as number,
      });
    });
  });

  describe('holds', () => {
    const roundId = roundIdOf('holds');
    const hold = { streamId: streamId(1), roundId, account: viewer, sats: 400, atMs: 5 };

    it('move sats from available to held, once per stream', async () => {
      const { store } = current();
      await fundViewer(store, viewer, 1_000);
      expect(await store.hold(hold)).toEqual({ ok: true });
      expect(await store.hold(hold)).toEqual({ ok: true });
      for (const changed of [
        { sats: 900 },
        { roundId: roundIdOf('elsewhere') },
        { account: accountId(0x77) },
      ]) {
        expect(await store.hold({ ...hold, ...changed })).toEqual({ ok: false, code: 'STREAM_EXISTS' });
      }
      expect(await store.readBalances(viewer)).toEqual({ availableSats: 600, heldSats: 400, earnedSats: 0 });
      const { atMs: _, ...open } = hold;
      expect(await store.holdsOfRound(roundId)).toEqual([open]);
      expect(await store.holdsOfRound(roundIdOf('elsewhere'))).toEqual([]);
    });

    it('beyond what is available are refused, and may come again when it is', async () => {
      const { store } = current();
      await fundViewer(store, viewer, 399);
      expect(await store.hold(hold)).toEqual(SHORT);
      expect(await store.readBalances(viewer)).toEqual({ availableSats: 399, heldSats: 0, earnedSats: 0 });
      expect(await store.holdsOfRound(roundId)).toEqual([]);
      await fundOperator(store, { no: 77, sats: 1 });
      await store.post(transfer('more', ledgerAccounts.operator, ledgerAccounts.available(viewer), 1));
      expect(await store.hold(hold)).toEqual({ ok: true });
    });

    it('made 64 at a time with funds for half are granted to half', async () => {
      const { store } = current();
      await fundViewer(store, viewer, 32 * 10 + 9);
      const answers = await Promise.all(
        Array.from({ length: 64 }, (_, i) => store.hold({ ...hold, streamId: streamId(100 + i), sats: 10 })),
      );
      expect(answers.filter((answer) => answer.ok)).toHaveLength(32);
      expect(await store.readBalances(viewer)).toEqual({ availableSats: 9, heldSats: 320, earnedSats: 0 });
      expect(await store.holdsOfRound(roundId)).toHaveLength(32);
      expect(await trialSum(store)).toBe(0);
    });

    it('shrink to what is asked, never grow, and a closed one stays closed', async () => {
      const { store } = current();
      await fundViewer(store, viewer, 1_000);
      await store.hold(hold);
      const shrink = (toSats: number): Promise<void> =>
        store.shrinkHold({ streamId: hold.streamId, toSats, atMs: 6 });
      await shrink(150);
      await shrink(150);
      await shrink(300);
      expect(await store.readBalances(viewer)).toEqual({ availableSats: 850, heldSats: 150, earnedSats: 0 });
      expect(await store.holdsOfRound(roundId)).toMatchObject([{ sats: 150 }]);
      expect(await store.hold(hold)).toEqual({ ok: false, code: 'STREAM_EXISTS' });
      expect(await store.readBalance(ledgerAccounts.held(viewer))).toBe(150);
      await shrink(0);
      await shrink(0);
      expect(await store.readBalances(viewer)).toEqual({ availableSats: 1_000, heldSats: 0, earnedSats: 0 });
      expect(await store.holdsOfRound(roundId)).toEqual([]);
      expect(await store.hold(hold)).toEqual({ ok: false, code: 'STREAM_EXISTS' });
      expect(await store.readBalance(ledgerAccounts.held(viewer))).toBe(0);
      await store.shrinkHold({ streamId: streamId(999), toSats: 0, atMs: 6 });
      expect(await trialSum(store)).toBe(0);
    });

    it('are listed by stream id, of that round alone', async () => {
      const { store } = current();
      await fundViewer(store, viewer, 1_000);
      for (const no of [30, 4, 200]) await store.hold({ ...hold, streamId: streamId(no), sats: no });
      await store.hold({ ...hold, streamId: streamId(5), roundId: roundIdOf('holds-2'), sats: 5 });
      const listed = await store.holdsOfRound(roundId);
      expect(listed.map(({ sats }) => sats)).toEqual([4, 30, 200]);
    });

    it.each(['settling', 'settled', 'cancelled'] as const)(
      'are refused when the round is %s, but for those made before',
      async (phase) => {
        const { store } = current();
        const generation = await ownedRound(store, roundId);
        await fundViewer(store, viewer, 1_000);
        expect(await store.hold(hold)).toEqual({ ok: true });
        await store.saveSnapshot({ roundId, generation, seq: 1, bytes: bytesOf(8, 1), phase });
        expect(await store.hold(hold)).toEqual({ ok: true });
        expect(await store.hold({ ...hold, streamId: streamId(2) })).toEqual({
          ok: false,
          code: 'ROUND_OVER',
        });
        expect(await store.holdsOfRound(roundId)).toHaveLength(1);
        expect(await store.readBalances(viewer)).toMatchObject({ availableSats: 600, heldSats: 400 });
      },
    );

    it('of nothing are a bug', async () => {
      const { store } = current();
      await expect(store.hold({ ...hold, sats: 0 })).rejects.toThrow(AssertionFailure);
    });
  });

  describe('refunds', () => {
    const roundId = roundIdOf('refund');

    it('close every hold of the round in one commit, once', async () => {
      const { store } = current();
      const generation = await ownedRound(store, roundId);
      await fundViewer(store, viewer, 1_000);
      await fundViewer(store, other, 1_000);
      const hold = { roundId, atMs: 1, sats: 100 };
      await store.hold({ ...hold, streamId: streamId(1), account: viewer });
      await store.hold({ ...hold, streamId: streamId(2), account: viewer });
      await store.hold({ ...hold, streamId: streamId(3), account: other });
      await store.hold({ ...hold, streamId: streamId(4), account: other, roundId: roundIdOf('other') });
      const holds = await store.holdsOfRound(roundId);
      const entry = closingEntry('refund:r', holds, { paidSats: 0, payee: viewer });
      const commit = { roundId, generation, entry };
      expect(await store.commitRefund({ ...commit, generation: generation - 1 })).toEqual({
        ok: false,
        code: 'STALE_GENERATION',
      });
      expect(await store.holdsOfRound(roundId)).toHaveLength(3);
      expect(await store.commitRefund(commit)).toEqual({ ok: true });
      expect(await store.commitRefund(commit)).toEqual({ ok: true });
      expect(await store.holdsOfRound(roundId)).toEqual([]);
      expect(await store.holdsOfRound(roundIdOf('other'))).toHaveLength(1);
      expect(await store.readBalances(viewer)).toEqual({ availableSats: 1_000, heldSats: 0, earnedSats: 0 });
      expect(await store.readBalances(other)).toEqual({ availableSats: 900, heldSats: 100, earnedSats: 0 });
      await store.shrinkHold({ streamId: streamId(1), toSats: 0, atMs: 2 });
      expect(await trialSum(store)).toBe(0);
    });

    it('of a round that nobody joined need no legs', async () => {
      const { store } = current();
      const generation = await ownedRound(store, roundId);
      const entry = closingEntry('refund:none', [], { paidSats: 0, payee: viewer });
      expect(await store.commitRefund({ roundId, generation, entry })).toEqual({ ok: true });
      expect(await store.commitRefund({ roundId, generation, entry })).toEqual({ ok: true });
    });

    it('that found nothing close what is held by now when they are asked for again', async () => {
      const { store } = current();
      const generation = await ownedRound(store, roundId);
      const refund = async (): Promise<void> => {
        const holds = await store.holdsOfRound(roundId);
        const entry = closingEntry('refund:late', holds, { paidSats: 0, payee: viewer });
        expect(await store.commitRefund({ roundId, generation, entry })).toEqual({ ok: true });
      };
      await refund();
      await fundViewer(store, viewer, 1_000);
      await store.hold({ roundId, atMs: 1, sats: 100, streamId: streamId(1), account: viewer });
      await refund();
      expect(await store.readBalances(viewer)).toEqual({ availableSats: 1_000, heldSats: 0, earnedSats: 0 });
      expect(await store.holdsOfRound(roundId)).toEqual([]);
    });

    it('planned before a hold shrank are to be planned again', async () => {
      const { store } = current();
      const generation = await ownedRound(store, roundId);
      await fundViewer(store, viewer, 1_000);
      await store.hold({ streamId: streamId(1), roundId, account: viewer, sats: 100, atMs: 1 });
      const stale = closingEntry('refund:s', await store.holdsOfRound(roundId), {
        paidSats: 0,
        payee: viewer,
      });
      await store.shrinkHold({ streamId: streamId(1), toSats: 60, atMs: 2 });
      await expect(store.commitRefund({ roundId, generation, entry: stale })).rejects.toMatchObject({
        code: 'STORE_FAILED',
        retryable: true,
        inDoubt: false,
      });
      await store.hold({ streamId: streamId(2), roundId, account: viewer, sats: 40, atMs: 3 });
      const fresh = closingEntry('refund:s', await store.holdsOfRound(roundId), {
        paidSats: 0,
        payee: viewer,
      });
      expect(await store.commitRefund({ roundId, generation, entry: fresh })).toEqual({ ok: true });
      expect(await store.readBalance(ledgerAccounts.available(viewer))).toBe(1_000);
    });
  });
}
