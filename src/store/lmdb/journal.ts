/**
 * The journal and the balances in the database. The row of an account has its balance and the number of the
 * last entry that touches it; an entry has, for each account it touches, the number of the one before. So
 * the entries of an account are a chain, newest first, and a settlement of tens of thousands of accounts
 * writes one row for each and no index.
 */
import type { JournalEntry, LedgerAccount } from '../../ledger/journal.ts';
import type { AccountStore } from '../../ports/store.ts';
import { balancesAfter } from '../postings.ts';
import { type AccountRow, accountCodec, entryCodec, integerCodec } from './codecs.ts';
import { PRESENT, type Transaction, type View } from './database.ts';
import { keys, lastId, prefix } from './keys.ts';

export type Posting = 'posted' | 'replayed' | 'insufficient';

const UNTOUCHED: AccountRow = { balance: 0, lastNo: 0 };

/** Checks everything first, then writes: a refusal has written nothing. */
export function postEntry(tx: Transaction, entry: JournalEntry): Posting {
  if (isPosted(tx, entry.id)) return 'replayed';
  const rows = new Map<LedgerAccount, AccountRow>();
  for (const { account } of entry.legs) if (!rows.has(account)) rows.set(account, accountRow(tx, account));
  const balances = balancesAfter(entry, (account) => rows.get(account)?.balance ?? 0);
  if (balances === undefined) return 'insufficient';
  const no = counter(tx, 'entries') + 1;
  putCounter(tx, 'entries', no);
  const previous = Array.from(rows.values(), ({ lastNo }) => lastNo);
  tx.put(keys.entry(no), entryCodec.encode({ entry, previous }));
  tx.put(keys.entryId(entry.id), PRESENT);
  for (const [account, row] of rows) {
    const balance = balances.get(account) ?? row.balance;
    tx.put(keys.account(account), accountCodec.encode({ balance, lastNo: no }));
  }
  return 'posted';
}

export function isPosted(view: View, entryId: string): boolean {
  return view.get(keys.entryId(entryId)) !== undefined;
}

export function balanceOf(view: View, account: LedgerAccount): number {
  return accountRow(view, account).balance;
}

function accountRow(view: View, account: LedgerAccount): AccountRow {
  return view.read(accountCodec, keys.account(account)) ?? UNTOUCHED;
}

/** Each account once, in the order of the legs: the order of `previous`. */
function accountsOf(entry: JournalEntry): readonly LedgerAccount[] {
  return [...new Set(entry.legs.map((leg) => leg.account))];
}

export function listEntries(
  view: View,
  { account, limit, before }: Parameters<AccountStore['listEntries']>[0],
): readonly (JournalEntry & { readonly no: number })[] {
  const page: (JournalEntry & { no: number })[] = [];
  let link = before === undefined ? undefined : linkAt(view, account, before);
  // Without `before`, or when that is no entry of this account, the chain is followed from its head.
  let no = link?.previousNo ?? accountRow(view, account).lastNo;
  while (no > 0 && page.length < limit) {
    link = linkAt(view, account, no);
    if (link === undefined) break;
    if (before === undefined || no < before) page.push({ ...link.entry, no });
    no = link.previousNo;
  }
  return page;
}

/** Entry `no`, and the one before it that touches the account; undefined when it does not touch it. */
function linkAt(
  view: View,
  account: LedgerAccount,
  no: number,
): { readonly entry: JournalEntry; readonly previousNo: number } | undefined {
  const stored = view.read(entryCodec, keys.entry(no));
  if (stored === undefined) return undefined;
  const { entry, previous } = stored;
  const previousNo = previous[accountsOf(entry).indexOf(account)];
  return previousNo === undefined ? undefined : { entry, previousNo };
}

export function trialBalance(view: View): ReadonlyMap<LedgerAccount, number> {
  const balances = new Map<LedgerAccount, number>();
  for (const { key, value } of view.scan(prefix('b'))) {
    const { balance } = accountCodec.decode(value);
    if (balance !== 0) balances.set(lastId(key, 1) as LedgerAccount, balance);
  }
  return balances;
}

export function counter(view: View, name: string): number {
  return view.read(integerCodec, keys.meta(name)) ?? 0;
}

export function putCounter(tx: Transaction, name: string, value: number): void {
  tx.put(keys.meta(name), integerCodec.encode(value));
}
