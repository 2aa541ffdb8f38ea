/**
 * Double entry: an entry is a list of legs that sums to zero. Debit and credit are signs: a leg of +n puts
 * n sats into an account, -n takes them out.
 *
 *   user:<account>:available   a viewer's free balance
 *   user:<account>:held        held for open streams
 *   escrow:<round>             words accepted, not yet split
 *   pool:<round>               the pooled share, not yet given out
 *   earned:<account>           a payee's (participant's, supporter's) share not yet paid on chain: carried forward
 *   platform:<account>         the same for the platform
 *   operator                   the operator's own funds behind dev accounts and fees
 *   treasury                   contra account of the coins on chain: minus what they are worth
 *   fees                       contra account of miner fees paid
 *
 * Only `treasury` and `fees` may be below zero. All balances together are zero at all times.
 */
import { assert } from '../core/assert.ts';
import type { AccountId, RoundId } from '../core/ids.ts';

export type LedgerAccount = string & { readonly __id: 'ledger' };

export interface Leg {
  readonly account: LedgerAccount;
  /** Signed, a safe integer, not zero. */
  readonly sats: number;
}

export interface JournalEntry {
  /** Idempotency key: an entry with an id that was posted before changes nothing. */
  readonly id: string;
  readonly kind: EntryKind;
  readonly atMs: number;
  readonly legs: readonly Leg[];
}

export const ENTRY_KINDS = [
  'funding',
  'deposit',
  'hold',
  'release',
  'settlement',
  'refund',
  'payout',
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

const account = (name: string): LedgerAccount => name as LedgerAccount;

export const ledgerAccounts: {
  available(id: AccountId): LedgerAccount;
  held(id: AccountId): LedgerAccount;
  escrow(id: RoundId): LedgerAccount;
  pool(id: RoundId): LedgerAccount;
  earned(id: AccountId): LedgerAccount;
  platform(id: AccountId): LedgerAccount;
  readonly operator: LedgerAccount;
  readonly treasury: LedgerAccount;
  readonly fees: LedgerAccount;
} = {
  available: (id) => account(`user:${id}:available`),
  held: (id) => account(`user:${id}:held`),
  escrow: (id) => account(`escrow:${id}`),
  pool: (id) => account(`pool:${id}`),
  earned: (id) => account(`earned:${id}`),
  platform: (id) => account(`platform:${id}`),
  operator: account('operator'),
  treasury: account('treasury'),
  fees: account('fees'),
};

export function mayBeNegative(name: LedgerAccount): boolean {
  return name === ledgerAccounts.treasury || name === ledgerAccounts.fees;
}

/** Asserts what makes an entry an entry; every store calls it before it posts. */
export function assertBalanced(entry: JournalEntry): void {
  let sum = 0;
  for (const leg of entry.legs) {
    assert(Number.isSafeInteger(leg.sats) && leg.sats !== 0, `leg of ${entry.id} is not an amount`);
    sum += leg.sats;
  }
  assert(entry.legs.length >= 2, `entry ${entry.id} has fewer than two legs`);
  assert(sum === 0, `entry ${entry.id} does not sum to zero`);
}
