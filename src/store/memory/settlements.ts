/** Settlements, their transactions and coins, refunds and receipts of the memory store. */
import { assert } from '../../core/assert.ts';
import { refuse } from '../../core/errors.ts';
import type { RoundId } from '../../core/ids.ts';
import type { JournalEntry } from '../../ledger/journal.ts';
import type { Coin, OutboxTransaction, SettlementCommit, SettlementStore } from '../../ports/store.ts';
import { coinsOfTransactions } from '../coin-links.ts';
import { checkHoldsCovered } from '../holds.ts';
import { balancesAfter } from '../postings.ts';
import { openHoldsOf, postEntry } from './accounts.ts';
import { type MemoryState, type MemoryTransaction, copyBytes, ownsRound } from './state.ts';

export function memorySettlements(state: MemoryState): SettlementStore {
  return {
    async commitSettlement(commit) {
      if (!ownsRound(state, commit.roundId, commit.generation)) return refuse('STALE_GENERATION');
      if (state.settlements.has(commit.roundId)) return { ok: true, applied: false };
      const links = coinsOfTransactions(commit);
      for (const coin of commit.reservedCoins) {
        if (state.coins.get(coinKey(coin))?.state !== 'free') return refuse('COIN_TAKEN');
      }
      for (const coin of commit.changeCoins) {
        assert(!state.coins.has(coinKey(coin)), `coin ${coinKey(coin)} exists`);
      }
      if (!closeHolds(state, commit.roundId, commit.entry)) return refuse('INSUFFICIENT_FUNDS');
      addTransactions(state, commit, links);
      return { ok: true, applied: true };
    },

    async commitRefund({ roundId, generation, entry }) {
      if (!ownsRound(state, roundId, generation)) return refuse('STALE_GENERATION');
      if (state.entryIds.has(entry.id)) return { ok: true };
      assert(closeHolds(state, roundId, entry), `refund ${entry.id} takes out more than is held`);
      state.refundedRounds.add(roundId);
      return { ok: true };
    },

    async readSettlement(roundId) {
      const settlement = state.settlements.get(roundId);
      if (settlement === undefined) return undefined;
      const transactions = settlement.txids.flatMap((txid) => {
        const stored = state.transactions.get(txid);
        return stored === undefined ? [] : [copyTransaction(stored)];
      });
      return {
        roundId,
        statement: copyBytes(settlement.statement),
        plan: copyBytes(settlement.plan),
        transactions,
      };
    },

    async advanceTransaction(change) {
      const stored = state.transactions.get(change.txid);
      assert(stored !== undefined, `transaction ${change.txid} is not in the outbox`);
      const { status } = stored.transaction;
      if (change.to === 'accepted') {
        if (status !== 'planned') return;
        assert(
          postEntry(state, change.entry) !== 'insufficient',
          `${change.entry.id} pays what is not there`,
        );
        stored.transaction = { ...stored.transaction, status: 'accepted' };
        for (const key of stored.spends) setCoinState(state, key, 'spent');
        for (const key of stored.makes) setCoinState(state, key, 'free');
      } else if (status !== 'mined') {
        assert(status === 'accepted', `transaction ${change.txid} is mined before it is accepted`);
        const { merklePath, blockHeight } = change;
        stored.transaction = {
          ...stored.transaction,
          status: 'mined',
          merklePath: copyBytes(merklePath),
          blockHeight,
        };
      }
    },

    async openTransactions() {
      const open = [...state.transactions.values()].filter((stored) => stored.transaction.status !== 'mined');
      return open.map(copyTransaction);
    },

    async addCoins({ coins, entry }) {
      if (state.entryIds.has(entry.id)) return;
      for (const coin of coins) assert(!state.coins.has(coinKey(coin)), `coin ${coinKey(coin)} exists`);
      assert(postEntry(state, entry) === 'posted', `${entry.id} takes out what is not there`);
      for (const { txid, vout, sats } of coins) {
        state.coins.set(coinKey({ txid, vout }), { txid, vout, sats, state: 'free', roundId: null });
      }
    },

    async freeCoins(limit) {
      const free = [...state.coins.values()].filter((coin) => coin.state === 'free');
      return free.toSorted(largestFirst).slice(0, limit);
    },

    async coinTotalSats() {
      let total = 0;
      for (const coin of state.coins.values()) if (coin.state !== 'spent') total += coin.sats;
      return total;
    },

    async putReceipt(roundId, bytes) {
      state.receipts.set(roundId, copyBytes(bytes));
    },

    async readReceipt(roundId) {
      const bytes = state.receipts.get(roundId);
      return bytes === undefined ? undefined : copyBytes(bytes);
    },
  };
}

/** Books the entry and closes every hold of the round; false when a balance does not cover it. */
function closeHolds(state: MemoryState, roundId: RoundId, entry: JournalEntry): boolean {
  assert(!state.entryIds.has(entry.id), `entry ${entry.id} was posted before what it belongs to`);
  checkHoldsCovered(entry, openHoldsOf(state, roundId));
  if (entry.legs.length > 0) {
    if (balancesAfter(entry, (account) => state.balances.get(account) ?? 0) === undefined) return false;
    postEntry(state, entry);
  }
  state.openHolds.delete(roundId);
  return true;
}

function addTransactions(
  state: MemoryState,
  commit: SettlementCommit,
  links: ReturnType<typeof coinsOfTransactions>,
): void {
  const { roundId } = commit;
  for (const coin of commit.reservedCoins) setCoinState(state, coinKey(coin), 'reserved', roundId);
  for (const { txid, vout, sats } of commit.changeCoins) {
    state.coins.set(coinKey({ txid, vout }), { txid, vout, sats, state: 'pending', roundId });
  }
  for (const planned of commit.transactions) {
    const link = links.get(planned.txid);
    state.transactions.set(planned.txid, {
      transaction: {
        ...planned,
        ef: copyBytes(planned.ef),
        status: 'planned',
        merklePath: null,
        blockHeight: null,
      },
      spends: (link?.spends ?? []).map(coinKey),
      makes: (link?.makes ?? []).map(coinKey),
    });
  }
  state.settlements.set(roundId, {
    statement: copyBytes(commit.statement),
    plan: copyBytes(commit.plan),
    txids: commit.transactions.map((planned) => planned.txid),
  });
}

function setCoinState(state: MemoryState, key: string, to: Coin['state'], roundId?: RoundId): void {
  const coin = state.coins.get(key);
  assert(coin !== undefined, `coin ${key} is gone`);
  state.coins.set(key, { ...coin, state: to, roundId: roundId ?? (to === 'free' ? null : coin.roundId) });
}

function coinKey(coin: Pick<Coin, 'txid' | 'vout'>): string {
  return `${coin.txid}:${coin.vout}`;
}

function largestFirst(a: Coin, b: Coin): number {
  return b.sats - a.sats || (a.txid < b.txid ? -1 : a.txid > b.txid ? 1 : a.vout - b.vout);
}

function copyTransaction(stored: MemoryTransaction): OutboxTransaction {
  const { transaction } = stored;
  return {
    ...transaction,
    ef: copyBytes(transaction.ef),
    merklePath: transaction.merklePath === null ? null : copyBytes(transaction.merklePath),
  };
}
