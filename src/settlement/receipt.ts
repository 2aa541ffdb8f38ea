/**
 * The published receipt of a settled round: JSON with one canonical form, described in docs/RECEIPT.md. Written by
 * the build worker, read by whoever checks it; runs anywhere.
 */
import { type Sha256, toHex } from '../core/bytes.ts';
import type { Txid } from '../core/ids.ts';
import { displayHash, sha256d } from '../core/transaction.ts';
import { type Payee, type PayoutTotals, payeeLedgerAccount } from '../ledger/payouts.ts';
import type { RoundStatement } from '../round/statement.ts';
import type { RoundTerms } from '../round/terms.ts';
import { type OutputPlace, draftSettlement, leavesOf, outputPlaces } from './draft.ts';
import type { SettlementPlan } from './plan.ts';
import type { RoundOutcome } from './results-codec.ts';

export const RECEIPT_FORMAT = 'ringside-receipt';
export const RECEIPT_VERSION = 1;

export interface ReceiptStream {
  /** Canonical commitment bytes; names stream, payer, chains and anchors. */
  readonly commitment: string;
  readonly publicKey: string;
  readonly signature: string;
  readonly name: string;
  readonly tips: readonly { readonly index: number; readonly word: string }[];
  readonly targets: readonly { readonly watchSats: number; readonly giftSats: number }[];
  readonly paidSats: number;
  readonly holdSats: number;
}

export interface ReceiptPayee extends Payee {
  /** Null: carried forward. */
  readonly output: OutputPlace | null;
}

/** Where a transaction was mined. */
export interface ReceiptBlock {
  readonly height: number;
  readonly hash: string;
  /** 80 bytes. */
  readonly header: string;
  /** BUMP (BRC-74). */
  readonly merklePath: string;
}

export interface ReceiptTransaction {
  readonly txid: Txid;
  /** Extended Format (BRC-30): the raw transaction with the amounts and scripts that it spends. */
  readonly ef: string;
  readonly feeSats: number;
  readonly block: ReceiptBlock | null;
}

export interface Receipt {
  readonly format: typeof RECEIPT_FORMAT;
  readonly version: typeof RECEIPT_VERSION;
  /** 'mined' when every transaction is; also when there is none. */
  readonly status: 'accepted' | 'mined';
  readonly terms: RoundTerms;
  readonly outcome: RoundOutcome;
  readonly payees: readonly ReceiptPayee[];
  readonly totals: PayoutTotals & { readonly minerFeeSats: number };
  readonly feeSatsPerKb: number;
  readonly commitment: string;
  readonly merkleSum: { readonly root: string; readonly sumSats: number; readonly leaves: number };
  readonly transactions: readonly ReceiptTransaction[];
  readonly streams: readonly ReceiptStream[];
}

export interface ReceiptInput {
  readonly statement: RoundStatement;
  readonly plan: SettlementPlan;
  readonly transactions: readonly {
    readonly txid: Txid;
    readonly ef: Uint8Array;
    readonly feeSats: number;
    readonly block: {
      readonly height: number;
      readonly header: Uint8Array;
      readonly merklePath: Uint8Array;
    } | null;
  }[];
}

export function buildReceipt(input: ReceiptInput, sha256: Sha256): Receipt {
  const { statement, plan } = input;
  const carriedIn = new Map(plan.payees.map((payee) => [payeeLedgerAccount(payee), payee.carriedInSats]));
  const leaves = leavesOf(statement, sha256);
  const draft = draftSettlement({ statement, leaves, carriedIn, feeSatsPerKb: plan.feeSatsPerKb }, sha256);
  const { terms, streams, ...outcome } = statement;
  const places = outputPlaces(draft.payees);
  const transactions = input.transactions.map(({ txid, ef, feeSats, block }) => ({
    txid,
    ef: toHex(ef),
    feeSats,
    block: block && {
      height: block.height,
      hash: displayHash(sha256d(block.header, sha256)),
      header: toHex(block.header),
      merklePath: toHex(block.merklePath),
    },
  }));
  return {
    format: RECEIPT_FORMAT,
    version: RECEIPT_VERSION,
    status: transactions.every((transaction) => transaction.block !== null) ? 'mined' : 'accepted',
    terms,
    outcome,
    payees: draft.payees.map((payee, index) => ({ ...payee, output: places[index] ?? null })),
    totals: {
      ...draft.totals,
      minerFeeSats: transactions.reduce((sum, transaction) => sum + transaction.feeSats, 0),
    },
    feeSatsPerKb: plan.feeSatsPerKb,
    commitment: toHex(draft.commitment),
    merkleSum: { root: toHex(draft.root.hash), sumSats: draft.root.sumSats, leaves: streams.length },
    transactions,
    streams: streams.map((stream) => ({
      commitment: toHex(stream.signed.bytes),
      publicKey: toHex(stream.signed.publicKey),
      signature: toHex(stream.signed.signature),
      name: stream.name,
      tips: stream.tips.map(({ index, word }) => ({ index, word: toHex(word) })),
      targets: stream.targets,
      paidSats: stream.paidSats,
      holdSats: stream.holdSats,
    })),
  };
}
