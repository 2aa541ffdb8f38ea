/** The division done again: payees, totals, the Merkle-sum root and the commitment. */
import { AssertionFailure } from '../../core/assert.ts';
import { type Sha256, toHex } from '../../core/bytes.ts';
import { payeeLedgerAccount } from '../../ledger/payouts.ts';
import type { RoundStatement } from '../../round/statement.ts';
import { type Draft, draftSettlement, leavesOf, outputPlaces } from '../draft.ts';
import type { Receipt } from '../receipt.ts';
import { firstProblem } from './check.ts';

/** The draft of what the receipt states, or why there is none. */
export function redraft(
  receipt: Receipt,
  statement: RoundStatement,
  sha256: Sha256,
): { readonly draft: Draft } | { readonly problem: string } {
  const carriedIn = new Map(
    receipt.payees.map((payee) => [payeeLedgerAccount(payee), payee.carriedInSats] as const),
  );
  try {
    const leaves = leavesOf(statement, sha256);
    const { feeSatsPerKb } = receipt;
    return { draft: draftSettlement({ statement, leaves, carriedIn, feeSatsPerKb }, sha256) };
  } catch (error) {
    // The ledger's own assertions: for an engine they are bugs, here they are findings.
    if (error instanceof AssertionFailure || error instanceof RangeError) return { problem: error.message };
    throw error;
  }
}

export function payeeProblem(receipt: Receipt, draft: Draft): string | undefined {
  const places = outputPlaces(draft.payees);
  if (receipt.payees.length !== draft.payees.length) {
    return `there are ${draft.payees.length} payees, not ${receipt.payees.length}`;
  }
  return firstProblem(receipt.payees, 'payee', (payee, index) => {
    const want = draft.payees[index];
    const place = places[index] ?? null;
    const same =
      want !== undefined &&
      payee.kind === want.kind &&
      payee.account === want.account &&
      payee.shareSats === want.shareSats &&
      payee.carriedInSats === want.carriedInSats &&
      payee.paidSats === want.paidSats &&
      payee.output?.transaction === place?.transaction &&
      payee.output?.vout === place?.vout;
    return same ? undefined : `does not get what the division gives (${want?.shareSats ?? 0} sats)`;
  });
}

export function totalsProblem(receipt: Receipt, draft: Draft): string | undefined {
  const feeSats = receipt.transactions.reduce((sum, transaction) => sum + transaction.feeSats, 0);
  const wanted = { ...draft.totals, minerFeeSats: feeSats };
  for (const [name, sats] of Object.entries(wanted)) {
    const stated = new Map<string, number>(Object.entries(receipt.totals)).get(name);
    if (stated !== sats) return `${name} is ${sats}, not ${stated ?? 'missing'}`;
  }
  return undefined;
}

export function rootProblem(receipt: Receipt, draft: Draft): string | undefined {
  const { root, sumSats, leaves } = receipt.merkleSum;
  if (leaves !== receipt.streams.length) return `there are ${receipt.streams.length} leaves, not ${leaves}`;
  if (sumSats !== draft.root.sumSats) return `the leaves sum to ${draft.root.sumSats}, not ${sumSats}`;
  return root === toHex(draft.root.hash) ? undefined : 'the leaves have another root';
}

export function commitmentHashProblem(receipt: Receipt, draft: Draft): string | undefined {
  return receipt.commitment === toHex(draft.commitment)
    ? undefined
    : 'terms, outcome, payees and fee rate hash to something else';
}
