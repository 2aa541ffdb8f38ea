/** Whether a receipt divides what was paid by its own terms, and commits to just that. */
import { commitmentOf, merkleSum } from './anchor.ts';
import { keyOf, outcomeDue, payeesDue, totalsDue } from './division.ts';
import type { Findings } from './findings.ts';
import type { Payee, Receipt } from './receipt.ts';

export function checkDivision(receipt: Receipt, findings: Findings): void {
  const { roundId } = receipt.terms;
  const { participants, supporters } = receipt.outcome;
  same(findings, `${roundId}: outcome`, { participants, supporters }, outcomeDue(receipt));
  const payees = payeesDue(receipt);
  comparePayees(receipt, payees, findings);
  same(findings, `${roundId}: totals`, receipt.totals, totalsDue(receipt, payees));
  const { paidSats, directSats, poolSats, payoutSats, platformSats, carriedSats } = receipt.totals;
  findings.compare(`${roundId}: direct and pool`, directSats + poolSats, paidSats);
  findings.compare(`${roundId}: given out and carried`, payoutSats + platformSats + carriedSats, paidSats);
  same(findings, `${roundId}: merkle sum`, receipt.merkleSum, merkleSum(receipt.streams));
  same(findings, `${roundId}: commitment`, receipt.commitment, commitmentOf(receipt));
}

function comparePayees(receipt: Receipt, due: readonly Payee[], findings: Findings): void {
  const { roundId } = receipt.terms;
  const said = new Map(receipt.payees.map((payee) => [keyOf(payee), payee]));
  if (said.size !== receipt.payees.length)
    findings.add('chargedTwice', `${roundId}: a payee is listed twice`);
  for (const payee of due) {
    const key = keyOf(payee);
    findings.compare(`${roundId}: share of ${key}`, said.get(key)?.shareSats ?? 0, payee.shareSats);
    findings.compare(`${roundId}: payout of ${key}`, said.get(key)?.paidSats ?? 0, payee.paidSats);
    said.delete(key);
  }
  for (const [key, { shareSats, paidSats }] of said) {
    findings.compare(`${roundId}: share of ${key}`, shareSats, 0);
    findings.compare(`${roundId}: payout of ${key}`, paidSats, 0);
  }
  same(findings, `${roundId}: payees`, receipt.payees, due);
}

/** Compared as text: both sides are in the order of docs/RECEIPT.md. */
function same(findings: Findings, what: string, actual: unknown, due: unknown): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(due)];
  if (left !== right) findings.add('broken', `${what}: ${left} instead of ${right}`);
}
