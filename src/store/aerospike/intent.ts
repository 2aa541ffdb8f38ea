/**
 * A multi-record write, complete, as it is stored before any record is touched: the journal entry it books and
 * what becomes of each record. Whoever finds it can finish it without its author.
 */
import { assert } from '../../core/assert.ts';
import type { RoundId, StreamId, Txid } from '../../core/ids.ts';
import type { JournalEntry } from '../../ledger/journal.ts';
import type { CoinState } from '../../ports/store.ts';
import type { CoinRef } from '../coin-links.ts';
import { netByAccount } from '../postings.ts';
import { type Amounts, isGuarded, rowOf } from './account-rows.ts';
import type { BlobRef } from './blobs.ts';

/** Closes what an account holds for a round: exactly these holds, which must be all of them. */
export interface HoldsClosed {
  readonly roundId: RoundId;
  readonly holds: readonly (readonly [StreamId, number])[];
  readonly atMs: number;
}

export interface AccountChange {
  readonly kind: 'account';
  readonly key: string;
  readonly amounts: Amounts;
  /** Slots that the entry touches, as bits; 0: the entry is not listed for this record. */
  readonly touches: number;
  readonly closes: HoldsClosed | null;
}

export interface CoinChange {
  readonly kind: 'coin';
  readonly coin: CoinRef;
  /** Null: the coin is new. */
  readonly from: CoinState | null;
  readonly to: CoinState;
  readonly sats: number;
  readonly roundId: RoundId | null;
}

/** Keeps the owner of a round as it is until the write is decided. */
export interface RoundChange {
  readonly kind: 'round';
  readonly roundId: RoundId;
  readonly generation: number;
}

/** A transaction of the outbox is accepted by the network. */
export interface AcceptChange {
  readonly kind: 'accept';
  readonly txid: Txid;
}

/** A new transaction of the outbox. */
export interface OutboxChange {
  readonly kind: 'outbox';
  readonly txid: Txid;
  readonly roundId: RoundId;
  readonly no: number;
  readonly feeSats: number;
  readonly ef: BlobRef;
  readonly spends: readonly CoinRef[];
  readonly makes: readonly (CoinRef & { readonly sats: number })[];
}

export interface SettlementChange {
  readonly kind: 'settlement';
  readonly roundId: RoundId;
  /** Orders settlements. */
  readonly no: number;
  readonly statement: BlobRef;
  readonly plan: BlobRef;
  readonly txids: readonly Txid[];
}

export type Change =
  | RoundChange
  | CoinChange
  | AcceptChange
  | AccountChange
  | OutboxChange
  | SettlementChange;

export interface Intent {
  readonly entry: JournalEntry;
  /** In the order in which they are prepared: the same for everybody, so that no two wait for each other. */
  readonly changes: readonly Change[];
}

/** One change for each record that the entry touches; `closes` by record. */
export function accountChanges(
  entry: JournalEntry,
  closes: ReadonlyMap<string, HoldsClosed> = new Map(),
): readonly AccountChange[] {
  const rows = new Map<string, { amounts: [number, number, number]; touches: number }>();
  const rowFor = (key: string): { amounts: [number, number, number]; touches: number } => {
    const row = rows.get(key) ?? { amounts: [0, 0, 0], touches: 0 };
    rows.set(key, row);
    return row;
  };
  for (const [account, net] of netByAccount(entry)) {
    const { key, slot } = rowOf(account);
    const row = rowFor(key);
    row.amounts[slot] += net;
    row.touches |= 1 << slot;
    assert(Number.isSafeInteger(row.amounts[slot]), `change of ${account} leaves the safe integers`);
  }
  for (const key of closes.keys()) rowFor(key);
  return [...rows]
    .map(([key, row]): AccountChange => ({ kind: 'account', key, ...row, closes: closes.get(key) ?? null }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/** What is taken out when the change is prepared: everything that has to be there. */
export function reservedBy(change: AccountChange): Amounts {
  if (!isGuarded(change.key)) return [0, 0, 0];
  const [a, b, c] = change.amounts;
  return [Math.min(a, 0), Math.min(b, 0), Math.min(c, 0)];
}

export function coinKey(coin: CoinRef): string {
  return `${coin.txid}:${coin.vout}`;
}
