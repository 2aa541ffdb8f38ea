/**
 * From a statement to what its transactions have to say: the division, the payees, the Merkle-sum tree over the
 * streams and the data output of each transaction. Pure and deterministic: the settlement makes its
 * transactions from it, and whoever checks a receipt makes it again.
 */
import { assert } from '../core/assert.ts';
import type { Sha256 } from '../core/bytes.ts';
import { LIMITS } from '../core/limits.ts';
import { type Sats, sumSats } from '../core/sats.ts';
import { type Division, divideRound } from '../ledger/divide.ts';
import type { LedgerAccount } from '../ledger/journal.ts';
import { type Payee, type PayoutTotals, payeeLedgerAccount, planPayouts } from '../ledger/payouts.ts';
import type { PayoutPart } from '../ports/payouts.ts';
import type { RoundStatement } from '../round/statement.ts';
import { anchorScript, commitmentHash } from './anchor.ts';
import { encodeLeaf } from './leaf-codec.ts';
import { type SumNode, sumLeaf, sumRoot } from './merkle-sum.ts';

export interface DraftInput {
  readonly statement: Omit<RoundStatement, 'streams'>;
  /** Of its streams, in order. */
  readonly leaves: readonly SumNode[];
  /** Balances carried forward that may be paid now, by the payee's ledger account. */
  readonly carriedIn: ReadonlyMap<LedgerAccount, Sats>;
  readonly feeSatsPerKb: number;
}

export interface Draft {
  readonly payees: readonly Payee[];
  readonly totals: PayoutTotals;
  readonly commitment: Uint8Array;
  readonly root: SumNode;
  /** One per transaction; none when nobody is paid now. */
  readonly parts: readonly PayoutPart[];
}

/** Where a payee's output is: `transaction` counts from 0, and output 0 of each is the data output. */
export interface OutputPlace {
  readonly transaction: number;
  readonly vout: number;
}

export function divisionOfStatement(
  statement: Pick<RoundStatement, 'terms' | 'participants' | 'supporters'>,
): Division {
  const { terms } = statement;
  assert(terms.participants.length === statement.participants.length, 'every participant has a result');
  return divideRound({
    participants: terms.participants.map(({ account }, index) => {
      const result = statement.participants[index];
      assert(result !== undefined, 'every participant has a result');
      return { account, paidSats: result.paidSats, rank: result.rank };
    }),
    supporters: statement.supporters,
    directBps: terms.directBps,
    prize: terms.prize,
  });
}

/** Whose carried balances a settlement of this statement needs to know; none when nobody paid. */
export function payeeAccounts(statement: RoundStatement): readonly LedgerAccount[] {
  const { payees } = payoutsOf({ statement, carriedIn: new Map() });
  return payees.map(payeeLedgerAccount);
}

export function draftSettlement(input: DraftInput, sha256: Sha256): Draft {
  const { statement, leaves, feeSatsPerKb } = input;
  const { payees, totals } = payoutsOf(input);
  const { terms, ...outcome } = statement;
  const commitment = commitmentHash({ terms, outcome, payees, feeSatsPerKb }, sha256);
  const root = sumRoot(leaves, sha256);
  assert(root.sumSats === totals.paidSats, 'the tree sums to what was divided');
  const paid = payees.filter((payee) => payee.paidSats > 0);
  const parts = slices(paid, LIMITS.outputsPerTransactionMax).map((payeesOfPart, part, all): PayoutPart => {
    const anchor = { roundId: terms.roundId, commitment, root, leaves: leaves.length };
    return {
      dataScript: anchorScript({ ...anchor, part, parts: all.length }),
      payees: payeesOfPart.map(({ account, paidSats }) => ({ account, sats: paidSats })),
    };
  });
  return { payees, totals, commitment, root, parts };
}

export function leavesOf(statement: Pick<RoundStatement, 'streams'>, sha256: Sha256): SumNode[] {
  return statement.streams.map((stream) => sumLeaf(encodeLeaf(stream), stream.paidSats, sha256));
}

/** In the order of `payees`; null for those who are carried forward. */
export function outputPlaces(payees: readonly Payee[]): readonly (OutputPlace | null)[] {
  const perTransaction = LIMITS.outputsPerTransactionMax;
  let paid = 0;
  return payees.map((payee) => {
    if (payee.paidSats === 0) return null;
    const no = paid++;
    return { transaction: Math.floor(no / perTransaction), vout: 1 + (no % perTransaction) };
  });
}

function payoutsOf(input: Pick<DraftInput, 'statement' | 'carriedIn'>): {
  readonly payees: readonly Payee[];
  readonly totals: PayoutTotals;
} {
  const { statement } = input;
  const { terms } = statement;
  const division = divisionOfStatement(statement);
  // A round without a payment settles without transactions, also where somebody has a balance to carry.
  const carriedIn = division.paidSats === 0 ? new Map<LedgerAccount, Sats>() : input.carriedIn;
  const plan = planPayouts({
    division,
    participants: terms.participants,
    supporters: statement.supporters,
    platformAccount: terms.platformAccount,
    carriedIn,
    payoutMinSats: terms.payoutMinSats,
  });
  const shares = sumSats(plan.payees.map((payee) => payee.shareSats));
  assert(shares === division.paidSats, 'the payees share all that was paid');
  return plan;
}

function slices<T>(items: readonly T[], size: number): (readonly T[])[] {
  const out: (readonly T[])[] = [];
  for (let at = 0; at < items.length; at += size) out.push(items.slice(at, at + size));
  return out;
}
