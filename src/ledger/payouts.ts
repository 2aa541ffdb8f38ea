/**
 * Who is paid what when a round is settled: the division's shares merged by payee, what was carried forward
 * earlier added, and those below the minimum carried forward again. Pure and deterministic.
 *
 * Invariant, asserted: paid = direct + pool = payouts + platform + carried + refunded.
 */
import { assert } from '../core/assert.ts';
import type { AccountId } from '../core/ids.ts';
import { type Sats, ZERO_SATS, addSats, subSats, sumSats } from '../core/sats.ts';
import { type Division, assertDivision } from './divide.ts';
import { type LedgerAccount, ledgerAccounts } from './journal.ts';

export const PAYEE_KINDS = ['participant', 'supporter', 'platform'] as const;
export type PayeeKind = (typeof PAYEE_KINDS)[number];

export interface Payee {
  readonly kind: PayeeKind;
  readonly account: AccountId;
  /** Of this round. */
  readonly shareSats: Sats;
  /** Of earlier rounds, from the payee's earned (or platform) account. */
  readonly carriedInSats: Sats;
  /** Share and carried together, or 0 when that is below the minimum. */
  readonly paidSats: Sats;
}

export interface PayoutTotals {
  readonly paidSats: Sats;
  readonly directSats: Sats;
  readonly poolSats: Sats;
  /** Shares of this round that are paid out, without the platform's. */
  readonly payoutSats: Sats;
  /** The platform's share of this round, paid out or not. */
  readonly platformSats: Sats;
  /** Shares of this round that are carried forward, without the platform's. */
  readonly carriedSats: Sats;
  /** 0 for a settled round: refunds are of cancelled ones, which are never divided. */
  readonly refundedSats: Sats;
}

export interface PayoutPlan {
  /** Participants in terms order, then supporters highest first, then the platform; none without a sat. */
  readonly payees: readonly Payee[];
  readonly totals: PayoutTotals;
}

export interface PayoutInput {
  readonly division: Division;
  /** In the order of the division. */
  readonly participants: readonly { readonly account: AccountId }[];
  readonly supporters: readonly { readonly account: AccountId }[];
  readonly platformAccount: AccountId;
  /** Balances of the payees' `payeeLedgerAccount` before this round is booked; missing means 0. */
  readonly carriedIn: ReadonlyMap<LedgerAccount, Sats>;
  /** Payees below this are carried forward; at least 1, since an output of 0 pays nobody. */
  readonly payoutMinSats: number;
}

/** Where a payee's share is booked and from where it is paid. */
export function payeeLedgerAccount(payee: Pick<Payee, 'kind' | 'account'>): LedgerAccount {
  return payee.kind === 'platform'
    ? ledgerAccounts.platform(payee.account)
    : ledgerAccounts.earned(payee.account);
}

/**
 * One payee per ledger account: somebody who is a participant and a supporter has one earned balance and gets
 * one output, as the participant. An account that is also the platform's keeps both apart.
 */
export function planPayouts(input: PayoutInput): PayoutPlan {
  const minSats = Math.max(1, input.payoutMinSats);
  const payees: Payee[] = [];
  for (const share of mergeShares(input)) {
    const carriedInSats = input.carriedIn.get(payeeLedgerAccount(share)) ?? ZERO_SATS;
    const dueSats = addSats(share.shareSats, carriedInSats);
    if (dueSats === 0) continue;
    payees.push({ ...share, carriedInSats, paidSats: dueSats >= minSats ? dueSats : ZERO_SATS });
  }
  return { payees, totals: totalsOf(input.division, payees) };
}

type Share = Pick<Payee, 'kind' | 'account' | 'shareSats'>;

function mergeShares(input: PayoutInput): Share[] {
  const { division, participants, supporters } = input;
  assert(participants.length === division.directSats.length, 'a division has every participant');
  assert(supporters.length >= division.supporterSats.length, 'a division has no unknown supporter');
  const merged = new Map<LedgerAccount, Share>();
  const add = (share: Share): void => {
    const key = payeeLedgerAccount(share);
    const before = merged.get(key);
    merged.set(
      key,
      before === undefined ? share : { ...before, shareSats: addSats(before.shareSats, share.shareSats) },
    );
  };
  for (const [index, { account }] of participants.entries()) {
    const directSats = division.directSats[index] ?? ZERO_SATS;
    add({
      kind: 'participant',
      account,
      shareSats: addSats(directSats, division.rankSats[index] ?? ZERO_SATS),
    });
  }
  for (const [index, shareSats] of division.supporterSats.entries()) {
    const supporter = supporters[index];
    assert(supporter !== undefined, 'every supporter share has a supporter');
    add({ kind: 'supporter', account: supporter.account, shareSats });
  }
  add({ kind: 'platform', account: input.platformAccount, shareSats: division.platformSats });
  return [...merged.values()];
}

function totalsOf(division: Division, payees: readonly Payee[]): PayoutTotals {
  assertDivision(division);
  const shares = (wanted: (payee: Payee) => boolean): Sats =>
    sumSats(payees.filter(wanted).map((payee) => payee.shareSats));
  const totals: PayoutTotals = {
    paidSats: division.paidSats,
    directSats: subSats(division.paidSats, division.poolSats),
    poolSats: division.poolSats,
    payoutSats: shares((payee) => payee.kind !== 'platform' && payee.paidSats > 0),
    platformSats: shares((payee) => payee.kind === 'platform'),
    carriedSats: shares((payee) => payee.kind !== 'platform' && payee.paidSats === 0),
    refundedSats: ZERO_SATS,
  };
  assertTotals(totals);
  return totals;
}

/** The invariant of a round, to the sat. */
export function assertTotals(totals: PayoutTotals): void {
  assert(totals.paidSats === totals.directSats + totals.poolSats, 'paid = direct + pool');
  const given = totals.payoutSats + totals.platformSats + totals.carriedSats + totals.refundedSats;
  assert(totals.paidSats === given, 'paid = payouts + platform + carried + refunded');
}
