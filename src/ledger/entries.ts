/**
 * Builders of every journal entry, so that the legs of a movement are written in one place and all stores book
 * the same. Pure. Each entry is asserted to sum to zero, and its id makes posting it twice harmless.
 *
 * Miner fees are booked against `fees`, never against a payee: a payout cannot fail for want of a fee.
 */
import { assert } from '../core/assert.ts';
import type { AccountId, RoundId, StreamId, Txid } from '../core/ids.ts';
import { type Sats, sats, subSats, sumSats } from '../core/sats.ts';
import type { Division } from './divide.ts';
import {
  type EntryKind,
  type JournalEntry,
  type Leg,
  type LedgerAccount,
  assertBalanced,
  ledgerAccounts,
} from './journal.ts';
import { type Payee, payeeLedgerAccount } from './payouts.ts';

/** Coins that came to the treasury and belong to the operator. `key`: the outpoint or the funding's name. */
export function fundingEntry(input: {
  readonly key: string;
  readonly sats: number;
  readonly atMs: number;
}): JournalEntry {
  return entryOf('funding', input.key, input.atMs, [
    debit(ledgerAccounts.treasury, input.sats),
    credit(ledgerAccounts.operator, input.sats),
  ]);
}

/** A viewer's account credited from the operator's funds. */
export function depositEntry(input: {
  readonly key: string;
  readonly account: AccountId;
  readonly sats: number;
  readonly atMs: number;
}): JournalEntry {
  return entryOf('deposit', input.key, input.atMs, [
    debit(ledgerAccounts.operator, input.sats),
    credit(ledgerAccounts.available(input.account), input.sats),
  ]);
}

export interface StreamMovement {
  readonly streamId: StreamId;
  readonly account: AccountId;
  readonly sats: number;
  readonly atMs: number;
}

/** Available to held, for a new stream. */
export function holdEntry(input: StreamMovement): JournalEntry {
  return entryOf('hold', input.streamId, input.atMs, [
    debit(ledgerAccounts.available(input.account), input.sats),
    credit(ledgerAccounts.held(input.account), input.sats),
  ]);
}

/** Held back to available: `sats` is what is released, `toSats` what stays held (it names the entry). */
export function releaseEntry(input: StreamMovement & { readonly toSats: number }): JournalEntry {
  return entryOf('release', `${input.streamId}:${input.toSats}`, input.atMs, [
    debit(ledgerAccounts.held(input.account), input.sats),
    credit(ledgerAccounts.available(input.account), input.sats),
  ]);
}

/** An open hold of a round, as the store keeps it. */
export interface HeldStream {
  readonly streamId: StreamId;
  readonly account: AccountId;
  readonly sats: number;
}

export interface SettlementEntryInput {
  readonly roundId: RoundId;
  readonly atMs: number;
  /** Every open hold of the round; streams without a payment are released whole. */
  readonly holds: readonly HeldStream[];
  /** What each stream paid; no entry means 0. */
  readonly paidByStream: ReadonlyMap<StreamId, Sats>;
  readonly division: Division;
  /** In the order of the division. */
  readonly participants: readonly { readonly account: AccountId }[];
  readonly supporters: readonly { readonly account: AccountId }[];
  readonly platformAccount: AccountId;
}

/**
 * Closes every hold of a round and books the split: held to escrow and available, escrow to direct shares
 * and pool, pool to prizes. Undefined when no sat was held. Asserts that every payment is covered by its
 * hold and that the payments are what was divided.
 */
export function settlementEntry(input: SettlementEntryInput): JournalEntry | undefined {
  const { division } = input;
  const users = new LegSum();
  let paid = 0;
  for (const hold of input.holds) {
    const paidSats = input.paidByStream.get(hold.streamId) ?? 0;
    users.take(ledgerAccounts.held(hold.account), hold.sats);
    users.add(ledgerAccounts.available(hold.account), subSats(sats(hold.sats), sats(paidSats)));
    paid += paidSats;
  }
  assert(paid === sumSats(input.paidByStream.values()), 'every stream that paid has a hold');
  assert(paid === division.paidSats, 'what the streams paid is what was divided');

  const payees = new LegSum();
  for (const [index, { account }] of input.participants.entries()) {
    const earned = ledgerAccounts.earned(account);
    payees.add(earned, part(division.directSats, index) + part(division.rankSats, index));
  }
  for (const [index, share] of division.supporterSats.entries()) {
    const supporter = input.supporters[index];
    assert(supporter !== undefined, 'every supporter share has a supporter');
    payees.add(ledgerAccounts.earned(supporter.account), share);
  }
  payees.add(ledgerAccounts.platform(input.platformAccount), division.platformSats);

  const escrow = ledgerAccounts.escrow(input.roundId);
  const pool = ledgerAccounts.pool(input.roundId);
  const legs = [
    ...users.legs(),
    credit(escrow, division.paidSats),
    debit(escrow, division.paidSats),
    credit(pool, division.poolSats),
    debit(pool, division.poolSats),
    ...payees.legs(),
  ].filter((each) => each.sats !== 0);
  return legs.length === 0 ? undefined : entryOf('settlement', input.roundId, input.atMs, legs);
}

/** Every hold of a cancelled round back to its account. Undefined when no sat was held. */
export function refundEntry(input: {
  readonly roundId: RoundId;
  readonly atMs: number;
  readonly holds: readonly HeldStream[];
}): JournalEntry | undefined {
  const users = new LegSum();
  for (const hold of input.holds) {
    users.take(ledgerAccounts.held(hold.account), hold.sats);
    users.add(ledgerAccounts.available(hold.account), hold.sats);
  }
  const legs = users.legs();
  return legs.length === 0 ? undefined : entryOf('refund', input.roundId, input.atMs, legs);
}

/** A transaction the network has accepted: what it pays out, and its miner fee. */
export function payoutEntry(input: {
  readonly txid: Txid;
  readonly atMs: number;
  /** Those that this transaction has outputs for. */
  readonly payees: readonly Pick<Payee, 'kind' | 'account' | 'paidSats'>[];
  readonly feeSats: number;
}): JournalEntry {
  const payees = new LegSum();
  let out = input.feeSats;
  for (const payee of input.payees) {
    payees.take(payeeLedgerAccount(payee), payee.paidSats);
    out += payee.paidSats;
  }
  const legs = [
    ...payees.legs(),
    debit(ledgerAccounts.fees, input.feeSats),
    credit(ledgerAccounts.treasury, out),
  ].filter((each) => each.sats !== 0);
  return entryOf('payout', input.txid, input.atMs, legs);
}

function entryOf(kind: EntryKind, key: string, atMs: number, legs: readonly Leg[]): JournalEntry {
  const entry: JournalEntry = { id: `${kind}:${key}`, kind, atMs, legs };
  assertBalanced(entry);
  return entry;
}

function credit(account: LedgerAccount, amount: number): Leg {
  return { account, sats: amount };
}

function debit(account: LedgerAccount, amount: number): Leg {
  return { account, sats: 0 - amount };
}

function part(parts: readonly Sats[], index: number): number {
  return parts[index] ?? 0;
}

/** One leg per account, in order of first use; those that come to nothing are left out. */
class LegSum {
  readonly #sums = new Map<LedgerAccount, number>();

  add(account: LedgerAccount, amount: number): void {
    this.#sums.set(account, (this.#sums.get(account) ?? 0) + amount);
  }

  take(account: LedgerAccount, amount: number): void {
    this.add(account, 0 - amount);
  }

  legs(): Leg[] {
    return [...this.#sums]
      .filter(([, amount]) => amount !== 0)
      .map(([account, amount]) => credit(account, amount));
  }
}
