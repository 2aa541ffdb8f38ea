/**
 * The plan of a settlement as it is stored beside the signed bytes: what each transaction pays and returns, so that
 * acceptance can be booked and the receipt written without planning again. JSON, written and read only here.
 */
import { assert } from '../core/assert.ts';
import { utf8 } from '../core/bytes.ts';
import { EngineError } from '../core/errors.ts';
import type { AccountId, Txid } from '../core/ids.ts';
import { PAYEE_KINDS, type Payee, type PayoutTotals } from '../ledger/payouts.ts';
import type { PayoutTransaction } from '../ports/payouts.ts';
import { type Draft, outputPlaces } from './draft.ts';
import { amount, hex, integer, list, oneOf, record } from './shape.ts';

const FORMAT = 1;

export interface PlannedTransaction {
  readonly txid: Txid;
  readonly feeSats: number;
  readonly changeSats: number;
}

export interface SettlementPlan {
  readonly format: typeof FORMAT;
  readonly feeSatsPerKb: number;
  readonly payees: readonly Payee[];
  readonly totals: PayoutTotals;
  readonly transactions: readonly PlannedTransaction[];
}

const U32 = 0xffffffff;

const PLAN = record<SettlementPlan>({
  format: oneOf(FORMAT),
  feeSatsPerKb: integer(U32),
  payees: list(
    record<Payee>({
      kind: oneOf(...PAYEE_KINDS),
      account: hex<AccountId>(20),
      shareSats: amount,
      carriedInSats: amount,
      paidSats: amount,
    }),
    U32,
  ),
  totals: record<PayoutTotals>({
    paidSats: amount,
    directSats: amount,
    poolSats: amount,
    payoutSats: amount,
    platformSats: amount,
    carriedSats: amount,
    refundedSats: amount,
  }),
  transactions: list(
    record<PlannedTransaction>({ txid: hex<Txid>(32), feeSats: amount, changeSats: amount }),
    U32,
  ),
});

export function planOf(
  draft: Draft,
  transactions: readonly PayoutTransaction[],
  feeSatsPerKb: number,
): SettlementPlan {
  return {
    format: FORMAT,
    feeSatsPerKb,
    payees: draft.payees,
    totals: draft.totals,
    transactions: transactions.map(({ txid, feeSats, change }) => ({
      txid,
      feeSats,
      changeSats: change.reduce((sum, coin) => sum + coin.sats, 0),
    })),
  };
}

export function encodePlan(plan: SettlementPlan): Uint8Array {
  return utf8(JSON.stringify(plan));
}

/** @throws {EngineError} STORE_FAILED when the bytes are not a plan of this format. */
export function decodePlan(bytes: Uint8Array): SettlementPlan {
  try {
    return PLAN(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), '');
  } catch (error) {
    const message = `a settlement plan cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new EngineError('STORE_FAILED', { message, cause: error });
  }
}

/** The payees that the transaction has outputs for. */
export function payeesOfTransaction(plan: SettlementPlan, txid: Txid): readonly Payee[] {
  const no = plan.transactions.findIndex((transaction) => transaction.txid === txid);
  assert(no >= 0, `transaction ${txid} is not in the plan`);
  const places = outputPlaces(plan.payees);
  return plan.payees.filter((_, index) => places[index]?.transaction === no);
}

export function minerFeeSats(plan: SettlementPlan): number {
  return plan.transactions.reduce((sum, transaction) => sum + transaction.feeSats, 0);
}
