/** Balances and the journal as they are now, also while multi-record writes are on their way. */
import type { JournalEntry, LedgerAccount } from '../../ledger/journal.ts';
import type { AccountStore } from '../../ports/store.ts';
import { readLog } from './account-log.ts';
import {
  type Amounts,
  type Pending,
  SLOTS,
  type Slot,
  accountAt,
  accountOf,
  addAmounts,
  balancesIn,
  pendingIn,
  rowOf,
  subAmounts,
  userKey,
} from './account-rows.ts';
import { textOf } from './bins.ts';
import type { Bins } from './mutation.ts';
import type { Records } from './records.ts';
import type { Transactions } from './transactions.ts';

type Reads = Pick<AccountStore, 'readBalances' | 'readBalance' | 'listEntries' | 'trialBalance'>;

export function accountReads(records: Records, transactions: Transactions): Reads {
  /**
   * The record says what is taken out already and not what is still to come in: a write that is committed counts
   * whole, one that is not counts not at all.
   */
  const balancesNow = async (key: string, bins: Bins | undefined): Promise<Amounts> => {
    let balances = balancesIn(bins);
    for (const pending of pendingIn(bins)) {
      balances = addAmounts(balances, await outstanding(key, pending));
    }
    return balances;
  };

  const outstanding = async (key: string, pending: Pending): Promise<Amounts> => {
    const back = subAmounts([0, 0, 0], pending.reserved);
    if ((await transactions.decisionOf(pending)) !== 'committed') return back;
    const { changes } = await transactions.intentOf(pending.entryId);
    const change = changes.find((one) => one.kind === 'account' && one.key === key);
    return change?.kind === 'account' ? subAmounts(change.amounts, pending.reserved) : back;
  };

  return {
    async readBalances(account) {
      const key = userKey(account);
      const [availableSats, heldSats, earnedSats] = await balancesNow(key, await records.get(accountAt(key)));
      return { availableSats, heldSats, earnedSats };
    },

    async readBalance(account) {
      const { key, slot } = rowOf(account);
      return (await balancesNow(key, await records.get(accountAt(key))))[slot];
    },

    async listEntries({ account, limit, before }) {
      const { key, slot } = rowOf(account);
      const rows = await readLog(records, { key, slot, limit, before });
      const missing = rows.filter(({ entry }) => entry === undefined).map(({ entryId }) => entryId);
      const intents = await transactions.intentsOf(missing);
      const entries = new Map(intents.map(({ entry }) => [entry.id, entry]));
      return rows.flatMap(({ no, entryId, entry }): (JournalEntry & { no: number })[] => {
        const found = entry ?? entries.get(entryId);
        return found === undefined ? [] : [{ ...found, no }];
      });
    },

    async trialBalance() {
      const rows: Bins[] = [];
      await records.scan('accounts', (bins) => void rows.push(bins));
      const balances = new Map<LedgerAccount, number>();
      for (const bins of rows) {
        const key = textOf(bins, 'id');
        const amounts = await balancesNow(key, bins);
        for (const slot of SLOTS.keys()) {
          const account = accountOf(key, slot as Slot);
          const sats = amounts[slot] ?? 0;
          if (account !== undefined && sats !== 0) balances.set(account, sats);
        }
      }
      return balances;
    },
  };
}
