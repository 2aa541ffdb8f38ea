/**
 * Where ledger accounts live. What belongs to one user is one record, so that a hold is one atomic step:
 *
 *   accounts/u:<account>   b0 available, b1 held, b2 earned
 *   accounts/l:<name>      b0 of any other ledger account
 *
 * and in each of them
 *
 *   id     the key, for scans
 *   pend   attempt -> [entry id, what it has taken out of b0, b1, b2 so far, round that it closes or '']
 *   no     number of journal entries that touched the record
 *   log    the last of them (account-log.ts)
 *
 * and in those of users
 *
 *   holds  `<round>/<stream>` -> sats held
 *   shut   `<round>/<stream>` of holds closed lately -> when, so that a hold that arrives late is not made
 *   bars   round -> attempt that is closing its holds
 *   cl     how often one has tried to
 */
import { assert } from '../../core/assert.ts';
import type { AccountId, RoundId, StreamId } from '../../core/ids.ts';
import { type LedgerAccount, ledgerAccounts, mayBeNegative } from '../../ledger/journal.ts';
import { integerOf, mapOf } from './bins.ts';
import type { At, Bins } from './mutation.ts';

export const SLOTS = ['b0', 'b1', 'b2'] as const;
export type Slot = 0 | 1 | 2;
/** Sats by slot. */
export type Amounts = readonly [number, number, number];

export interface Row {
  readonly key: string;
  readonly slot: Slot;
}

const USER = /^user:([0-9a-f]+):(available|held)$/;
const EARNED = /^earned:([0-9a-f]+)$/;

export function rowOf(account: LedgerAccount): Row {
  const user = USER.exec(account);
  if (user !== null) return { key: `u:${user[1]}`, slot: user[2] === 'available' ? 0 : 1 };
  const earned = EARNED.exec(account);
  if (earned !== null) return { key: `u:${earned[1]}`, slot: 2 };
  return { key: `l:${account}`, slot: 0 };
}

export function userKey(account: AccountId): string {
  return `u:${account}`;
}

export function accountAt(key: string): At {
  return { set: 'accounts', key };
}

/** The ledger account of a slot; undefined for slots that the record does not have. */
export function accountOf(key: string, slot: Slot): LedgerAccount | undefined {
  const name = key.slice(2);
  if (key.startsWith('l:')) return slot === 0 ? (name as LedgerAccount) : undefined;
  const id = name as AccountId;
  if (slot === 0) return ledgerAccounts.available(id);
  return slot === 1 ? ledgerAccounts.held(id) : ledgerAccounts.earned(id);
}

/** Whether what is taken out has to be there. */
export function isGuarded(key: string): boolean {
  return !(key.startsWith('l:') && mayBeNegative(key.slice(2) as LedgerAccount));
}

export function holdKey(roundId: RoundId, streamId: StreamId): string {
  return `${roundId}/${streamId}`;
}

/** Keys of all holds of a round: from the first to before the second ('0' follows '/'). */
export function holdRange(roundId: RoundId): readonly [from: string, to: string] {
  return [`${roundId}/`, `${roundId}0`];
}

export function holdsIn(bins: Bins | undefined, roundId: RoundId): readonly (readonly [StreamId, number])[] {
  const [from] = holdRange(roundId);
  return Object.entries(mapOf(bins, 'holds')).flatMap(([key, sats]) =>
    key.startsWith(from) && typeof sats === 'number' ? [[key.slice(from.length) as StreamId, sats]] : [],
  );
}

export function balancesIn(bins: Bins | undefined): Amounts {
  return [integerOf(bins, 'b0'), integerOf(bins, 'b1'), integerOf(bins, 'b2')];
}

/** What an attempt has done to a record so far. */
export interface Pending {
  readonly attempt: string;
  readonly entryId: string;
  /** Taken out already; not positive. */
  readonly reserved: Amounts;
  readonly closes: RoundId | '';
}

export function pendingIn(bins: Bins | undefined): readonly Pending[] {
  return Object.entries(mapOf(bins, 'pend')).map(([attempt, value]) => {
    const [entryId, r0, r1, r2, closes] = value as readonly [string, number, number, number, RoundId | ''];
    assert(typeof entryId === 'string' && Number.isSafeInteger(r0 + r1 + r2), 'not a pending change');
    return { attempt, entryId, reserved: [r0, r1, r2], closes };
  });
}

export function addAmounts(a: Amounts, b: Amounts): Amounts {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

export function subAmounts(a: Amounts, b: Amounts): Amounts {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}
