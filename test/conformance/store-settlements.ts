/** Settlements: the commit, the outbox, coins, receipts. */
import { describe, expect, it } from 'vitest';
import { AssertionFailure } from '../../src/core/assert.ts';
import type { Txid } from '../../src/core/ids.ts';
import { type JournalEntry, ledgerAccounts } from '../../src/ledger/journal.ts';
import type { SettlementCommit, Store } from '../../src/ports/store.ts';
import {
  accountId,
  bytesOf,
  closingEntry,
  fundOperator,
  fundViewer,
  ownedRound,
  payoutEntry,
  roundIdOf,
  settlementOf,
  streamId,
  transfer,
  trialSum,
  txidOf,
} from './fixtures.ts';
import type { StoreUnderTest } from './store-under-test.ts';

const viewer = accountId(1);
const payee = accountId(9);

/** One round with a hold of 500, of which 300 were paid; the viewer's coin of 1,000 is to pay them. */
async function planned(
  store: Store,
  input: { readonly name: string; readonly no: number; readonly coinNo?: number },
): Promise<SettlementCommit> {
  const { no } = input;
  const roundId = roundIdOf(input.name);
  const account = accountId(no);
  const generation = await ownedRound(store, roundId);
  await fundViewer(store, account, 1_000);
  await store.hold({ streamId: streamId(no), roundId, account, sats: 500, atMs: 1 });
  const holds = await store.holdsOfRound(roundId);
  const entry = closingEntry(`settle:${roundId}`, holds, { paidSats: 300, payee });
  const coinNo = input.coinNo ?? no;
  return settlementOf({ roundId, generation, entry, txNo: 0xa000 + no, coinNo, changeSats: 680 });
}

function payout(commit: SettlementCommit): JournalEntry {
  return payoutEntry(`payout:${commit.roundId}`, { payee, sats: 300, fee: 20 });
}

function txidIn(commit: SettlementCommit): Txid {
  const txid = commit.transactions[0]?.txid;
  if (txid === undefined) throw new Error('the commit has no transaction');
  return txid;
}

export function settlementCases(current: () => StoreUnderTest): void {
  describe('settlements', () => {
    it('book the split, close the holds, store the bytes and reserve the coins in one commit, once', async () => {
      const { store } = current();
      const commit = await planned(store, { name: 's', no: 1 });
      expect(await store.readSettlement(commit.roundId)).toBeUndefined();
      expect(await store.commitSettlement(commit)).toEqual({ ok: true, applied: true });
      expect(await store.commitSettlement(commit)).toEqual({ ok: true, applied: false });
      expect(await store.readSettlement(commit.roundId)).toEqual({
        roundId: commit.roundId,
        statement: commit.statement,
        plan: commit.plan,
        transactions: commit.transactions.map((transaction) => ({
          ...transaction,
          status: 'planned',
          merklePath: null,
          blockHeight: null,
        })),
      });
      expect(await store.readBalances(viewer)).toEqual({ availableSats: 700, heldSats: 0, earnedSats: 0 });
      expect(await store.readBalance(ledgerAccounts.earned(payee))).toBe(300);
      expect(await store.holdsOfRound(commit.roundId)).toEqual([]);
      expect(await store.freeCoins(10)).toEqual([]);
      expect(await store.coinTotalSats()).toBe(1_000 + 680);
      await store.shrinkHold({ streamId: streamId(1), toSats: 0, atMs: 9 });
      expect(await store.readBalance(ledgerAccounts.available(viewer))).toBe(700);
      expect(await trialSum(store)).toBe(0);
    });

    it('go from planned to accepted to mined, each step once', async () => {
      const { store } = current();
      const commit = await planned(store, { name: 's', no: 1 });
      await store.commitSettlement(commit);
      const txid = txidIn(commit);
      expect(await store.openTransactions()).toMatchObject([{ txid, status: 'planned' }]);
      const mined = { txid, to: 'mined' as const, merklePath: bytesOf(90, 3), blockHeight: 800_000 };
      await expect(store.advanceTransaction(mined)).rejects.toThrow(AssertionFailure);
      const accepted = { txid, to: 'accepted' as const, entry: payout(commit) };
      await store.advanceTransaction(accepted);
      await store.advanceTransaction(accepted);
      expect(await store.openTransactions()).toMatchObject([{ txid, status: 'accepted' }]);
      expect(await store.readBalance(ledgerAccounts.earned(payee))).toBe(0);
      expect(await store.readBalance(ledgerAccounts.fees)).toBe(-20);
      expect(await store.coinTotalSats()).toBe(680);
      expect(await store.readBalance(ledgerAccounts.treasury)).toBe(-680);
      expect(await store.freeCoins(9)).toEqual([{ txid, vout: 1, sats: 680, state: 'free', roundId: null }]);
      await store.advanceTransaction(mined);
      await store.advanceTransaction({ ...mined, blockHeight: 1 });
      await store.advanceTransaction(accepted);
      expect(await store.openTransactions()).toEqual([]);
      const settlement = await store.readSettlement(commit.roundId);
      expect(settlement?.transactions).toMatchObject([
        { txid, status: 'mined', merklePath: mined.merklePath, blockHeight: 800_000 },
      ]);
      expect(await trialSum(store)).toBe(0);
    });

    it('are refused to an owner that lost the round', async () => {
      const { store } = current();
      const commit = await planned(store, { name: 's', no: 1 });
      await store.acquireRound(commit.roundId);
      const stale = { ok: false, code: 'STALE_GENERATION' };
      expect(await store.commitSettlement(commit)).toEqual(stale);
      expect(await store.readSettlement(commit.roundId)).toBeUndefined();
      expect(await store.freeCoins(9)).toHaveLength(1);
      const next = { ...commit, generation: commit.generation + 1 };
      expect(await store.commitSettlement(next)).toEqual({ ok: true, applied: true });
      expect(await store.commitSettlement(commit)).toEqual(stale);
    });

    it('that want the same coin at the same time: one gets it', async () => {
      const { store } = current();
      const first = await planned(store, { name: 'x', no: 1 });
      const second = await planned(store, { name: 'y', no: 2, coinNo: 1 });
      const answers = await Promise.all([store.commitSettlement(first), store.commitSettlement(second)]);
      expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
      expect(answers.filter((answer) => !answer.ok)).toEqual([{ ok: false, code: 'COIN_TAKEN' }]);
      expect(await trialSum(store)).toBe(0);
    });

    it('with a coin that does not exist, or funds that are not there, change nothing', async () => {
      const { store } = current();
      const commit = await planned(store, { name: 's', no: 1 });
      const unknown = { ...commit, reservedCoins: [{ txid: txidOf(7), vout: 3 }] };
      expect(await store.commitSettlement(unknown)).toEqual({ ok: false, code: 'COIN_TAKEN' });
      const { operator } = ledgerAccounts;
      const legs = [
        ...commit.entry.legs,
        { account: operator, sats: -5 },
        { account: ledgerAccounts.earned(payee), sats: 5 },
      ];
      const short = { ...commit, entry: { ...commit.entry, legs } };
      expect(await store.commitSettlement(short)).toEqual({ ok: false, code: 'INSUFFICIENT_FUNDS' });
      expect(await store.holdsOfRound(commit.roundId)).toHaveLength(1);
      expect(await store.freeCoins(9)).toHaveLength(1);
      expect(await store.readSettlement(commit.roundId)).toBeUndefined();
      expect(await store.commitSettlement(commit)).toEqual({ ok: true, applied: true });
    });

    it('planned before a hold moved are to be planned again', async () => {
      const { store } = current();
      const commit = await planned(store, { name: 's', no: 1 });
      await store.shrinkHold({ streamId: streamId(1), toSats: 400, atMs: 2 });
      await expect(store.commitSettlement(commit)).rejects.toMatchObject({
        code: 'STORE_FAILED',
        inDoubt: false,
      });
      const holds = await store.holdsOfRound(commit.roundId);
      const entry = closingEntry(commit.entry.id, holds, { paidSats: 300, payee });
      expect(await store.commitSettlement({ ...commit, entry })).toEqual({ ok: true, applied: true });
      expect(await store.readBalance(ledgerAccounts.available(viewer))).toBe(700);
    });

    it('of a round in which nobody paid need neither legs nor transactions', async () => {
      const { store } = current();
      const roundId = roundIdOf('empty');
      const generation = await ownedRound(store, roundId);
      const commit: SettlementCommit = {
        roundId,
        generation,
        statement: bytesOf(10, 1),
        plan: bytesOf(0, 0),
        entry: { id: 'settle:empty', kind: 'settlement', atMs: 1, legs: [] },
        transactions: [],
        reservedCoins: [],
        changeCoins: [],
      };
      expect(await store.commitSettlement(commit)).toEqual({ ok: true, applied: true });
      expect(await store.commitSettlement(commit)).toEqual({ ok: true, applied: false });
      expect(await store.readSettlement(roundId)).toMatchObject({ transactions: [] });
    });

    it('spend and free the coins of each transaction as it is accepted', async () => {
      const { store } = current();
      const base = await planned(store, { name: 'multi', no: 1 });
      await fundOperator(store, { no: 50, sats: 5_000 });
      const first = txidOf(0xb001);
      const second = txidOf(0xb002);
      const commit: SettlementCommit = {
        ...base,
        transactions: [first, second].map((txid, no) => ({
          txid,
          roundId: base.roundId,
          no,
          ef: bytesOf(50 + no, no),
          feeSats: 10,
        })),
        reservedCoins: [
          { txid: txidOf(0xfeed_0001), vout: 0, spentBy: first },
          { txid: txidOf(0xfeed_0032), vout: 0, spentBy: second },
        ],
        changeCoins: [
          { txid: first, vout: 1, sats: 790 },
          { txid: second, vout: 1, sats: 4_890 },
        ],
      };
      await store.commitSettlement(commit);
      expect(await store.coinTotalSats()).toBe(6_000 + 790 + 4_890);
      await store.advanceTransaction({
        txid: second,
        to: 'accepted',
        entry: payoutEntry('p2', { payee, sats: 100, fee: 10 }),
      });
      expect(await store.coinTotalSats()).toBe(1_000 + 790 + 4_890);
      expect(await store.freeCoins(9)).toMatchObject([{ txid: second, sats: 4_890 }]);
      await store.advanceTransaction({
        txid: first,
        to: 'accepted',
        entry: payoutEntry('p1', { payee, sats: 200, fee: 10 }),
      });
      expect(await store.coinTotalSats()).toBe(790 + 4_890);
      expect(await store.readBalance(ledgerAccounts.treasury)).toBe(-(790 + 4_890));
    });

    it('list what is not mined, oldest settlement first', async () => {
      const { store } = current();
      const commits: SettlementCommit[] = [];
      for (const no of [3, 1, 2]) commits.push(await planned(store, { name: `o-${no}`, no }));
      for (const commit of commits) await store.commitSettlement(commit);
      const open = await store.openTransactions();
      expect(open.map(({ txid }) => txid)).toEqual(commits.map(txidIn));
      const [, middle] = commits;
      if (middle === undefined) throw new Error('no second settlement');
      const txid = txidIn(middle);
      await store.advanceTransaction({ txid, to: 'accepted', entry: payout(middle) });
      await store.advanceTransaction({ txid, to: 'mined', merklePath: bytesOf(4, 4), blockHeight: 5 });
      const left = await store.openTransactions();
      expect(left.map((transaction) => transaction.roundId)).toEqual([roundIdOf('o-3'), roundIdOf('o-2')]);
    });

    it('know their transactions: another one is a bug', async () => {
      const { store } = current();
      const entry = payoutEntry('p', { payee, sats: 1, fee: 1 });
      await expect(store.advanceTransaction({ txid: txidOf(5), to: 'accepted', entry })).rejects.toThrow(
        AssertionFailure,
      );
    });
  });

  describe('coins', () => {
    it('come in once per entry', async () => {
      const { store } = current();
      await fundOperator(store, { no: 1, sats: 1_000 });
      await fundOperator(store, { no: 1, sats: 1_000 });
      expect(await store.coinTotalSats()).toBe(1_000);
      expect(await store.readBalance(ledgerAccounts.operator)).toBe(1_000);
      const entry = transfer('coins:again', ledgerAccounts.treasury, ledgerAccounts.operator, 1_000);
      const coins = [{ txid: txidOf(0xfeed_0001), vout: 0, sats: 1_000 }];
      await expect(store.addCoins({ coins, entry })).rejects.toThrow(AssertionFailure);
      expect(await store.readBalance(ledgerAccounts.operator)).toBe(1_000);
    });

    it('are offered largest first, ties by outpoint', async () => {
      const { store } = current();
      const amounts = [5, 70_000_000_000, 300, 300, 2 ** 33];
      await store.addCoins({
        coins: amounts.map((sats, vout) => ({ txid: txidOf(1), vout, sats })),
        entry: transfer('c', ledgerAccounts.treasury, ledgerAccounts.operator, 70_000_000_605 + 2 ** 33),
      });
      const free = await store.freeCoins(4);
      expect(free.map(({ vout }) => vout)).toEqual([1, 4, 2, 3]);
      expect(await store.freeCoins(0)).toEqual([]);
      expect(await store.freeCoins(100)).toHaveLength(5);
    });
  });

  describe('receipts', () => {
    it('are read back as they were put, the last one counts', async () => {
      const { store } = current();
      const roundId = roundIdOf('receipt');
      expect(await store.readReceipt(roundId)).toBeUndefined();
      await store.putReceipt(roundId, bytesOf(10, 1));
      await store.putReceipt(roundId, bytesOf(700_000, 2));
      expect(await store.readReceipt(roundId)).toEqual(bytesOf(700_000, 2));
    });
  });
}
