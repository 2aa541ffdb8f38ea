/** The journal and the balances in the database. */
import { integerCodec, balanceCodec, entryCodec } from './codecs.ts';
import type { JournalEntry, LedgerAccount } from '../../ledger/journal.ts';
import type { AccountStore } from '../../ports/store.ts';
import { balancesAfter } from '../postings.ts';
import { PRESENT, type Transaction, type View } from './database.ts';
import { keys, lastId, lastInteger, prefix } from './keys.ts';

export type Posting = 'posted' | 'replayed' | 'insufficient';

/** Checks everything first, then writes: a refusal has written nothing. */
export function postEntry(tx: Transaction, entry: JournalEntry): Posting {
  if (isPosted(tx, entry.id)) return 'replayed';
  const balances = balancesAfter(entry, (account) => balanceOf(tx, account));
  if (balances === undefined) return 'insufficient';
  const no = counter(tx, 'entries') + 1;
  putCounter(tx, 'entries', no);
  tx.put(keys.entry(no), entryCodec.encode(entry));
  tx.put(keys.entryId(entry.id), integerCodec.encode(no));
  for (const account of new Set(entry.legs.map((leg) => leg.account))) {
    tx.put(keys.entryOf(account, no), PRESENT);
  }
  for (const [account, balance] of balances) {
    if (balance === 0) tx.remove(keys.balance(account));
    else tx.put(keys.balance(account), balanceCodec.encode(balance));
  }
  return 'posted';
}

export function isPosted(view: View, entryId: string): boolean {
  return view.get(keys.entryId(entryId)) !== undefined;
}

export function balanceOf(view: View, account: LedgerAccount): number {
  return view.read(balanceCodec, keys.balance(account)) ?? 0;
}

export function listEntries(
  view: View,
  { account, limit, before }: Parameters<AccountStore['listEntries']>[0],
): readonly (JournalEntry & { readonly no: number })[] {
  const after = before === undefined ? {} : { after: keys.entryOf(account, before) };
  const page: (JournalEntry & { no: number })[] = [];
  for (const { key } of view.scan(prefix('l', account), { limit, reverse: true, ...after })) {
    const no = lastInteger(key);
    const entry = view.read(entryCodec, keys.entry(no));
    if (entry !== undefined) page.push({ ...entry, no });
  }
  return page;
}

export function trialBalance(view: View): ReadonlyMap<LedgerAccount, number> {
  const balances = new Map<LedgerAccount, number>();
  for (const { key, value } of view.scan(prefix('b'))) {
    balances.set(lastId(key, 1) as LedgerAccount, balanceCodec.decode(value));
  }
  return balances;
}

export function counter(view: View, name: string): number {
  return view.read(integerCodec, keys.meta(name)) ?? 0;
}

export function putCounter(tx: Transaction, name: string, value: number): void {
  tx.put(keys.meta(name), integerCodec.encode(value));
}
