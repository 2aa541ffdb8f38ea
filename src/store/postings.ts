/**
 * What every store does with a journal entry before it writes anything: net the legs, work out the new
 * balances, refuse what would go below zero. Pure; both implementations post through it, each onto its own
 * tables.
 */
import { assert } from '../core/assert.ts';
import { type JournalEntry, type LedgerAccount, assertBalanced, mayBeNegative } from '../ledger/journal.ts';

/** Entry ids are part of keys: this keeps them well below what an embedded database takes as a key. */
const ENTRY_ID_CHARS_MAX = 200;

/**
 * The balances that an entry leads to, by account; an account whose legs cancel out is not in it. Undefined
 * when one of them would be below zero and must not be. Asserts that the entry is balanced.
 */
export function balancesAfter(
  entry: JournalEntry,
  balanceOf: (account: LedgerAccount) => number,
): ReadonlyMap<LedgerAccount, number> | undefined {
  assertBalanced(entry);
  assertEntryId(entry.id);
  const after = new Map<LedgerAccount, number>();
  for (const [account, change] of netByAccount(entry)) {
    if (change === 0) continue;
    const balance = balanceOf(account) + change;
    assert(Number.isSafeInteger(balance), `balance of ${account} leaves the safe integers`);
    if (balance < 0 && !mayBeNegative(account)) return undefined;
    after.set(account, balance);
  }
  return after;
}

export function netByAccount(entry: JournalEntry): ReadonlyMap<LedgerAccount, number> {
  const net = new Map<LedgerAccount, number>();
  for (const leg of entry.legs) net.set(leg.account, (net.get(leg.account) ?? 0) + leg.sats);
  return net;
}

function assertEntryId(id: string): void {
  assert(id.length > 0 && id.length <= ENTRY_ID_CHARS_MAX, `entry id of ${id.length} characters`);
}
