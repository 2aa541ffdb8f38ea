/**
 * The heavy parts of a settlement, as functions of plain data: planning, hashing, building and signing, and
 * writing a receipt. They run in a thread of their own (`build-thread.ts`), so that main's loop stays free.
 */
import { assert } from '../core/assert.ts';
import type { Sha256 } from '../core/bytes.ts';
import type { Refusal } from '../core/errors.ts';
import type { Sats } from '../core/sats.ts';
import type { LedgerAccount } from '../ledger/journal.ts';
import type { PayoutRequest, PayoutResult, PayoutTransaction, TreasuryCoin } from '../ports/payouts.ts';
import type { RoundStatement } from '../round/statement.ts';
import { type DraftInput, draftSettlement } from './draft.ts';
import { paidSatsOfLeaf } from './leaf-codec.ts';
import { sumLeaf } from './merkle-sum.ts';
import { decodePlan, encodePlan, planOf } from './plan.ts';
import { serialiseReceipt } from './receipt-format.ts';
import { type ReceiptInput, buildReceipt } from './receipt.ts';
import { decodeStatement, decodeStatementLeaves } from './statement-codec.ts';

export interface BuildRequest {
  /** As statement-codec encodes it. */
  readonly statement: Uint8Array;
  readonly carriedIn: readonly (readonly [LedgerAccount, Sats])[];
  readonly coins: readonly TreasuryCoin[];
  readonly feeSatsPerKb: number;
  readonly coinsWanted: number;
}

export type BuildAnswer =
  | {
      readonly ok: true;
      /** As plan.ts encodes it. */
      readonly plan: Uint8Array;
      readonly transactions: readonly PayoutTransaction[];
    }
  | Refusal<'INSUFFICIENT_FUNDS'>;

export interface ReceiptRequest {
  readonly statement: Uint8Array;
  readonly plan: Uint8Array;
  readonly transactions: ReceiptInput['transactions'];
}

export type BuildJob =
  | { readonly kind: 'settlement'; readonly request: BuildRequest }
  | { readonly kind: 'receipt'; readonly request: ReceiptRequest };

export interface BuildTools {
  readonly sha256: Sha256;
  /** Signs with the treasury's key. */
  readonly buildPayouts: (request: PayoutRequest) => Promise<PayoutResult>;
}

export async function buildSettlement(request: BuildRequest, tools: BuildTools): Promise<BuildAnswer> {
  const { coins, feeSatsPerKb, coinsWanted } = request;
  const carriedIn = new Map(request.carriedIn);
  const draft = draftSettlement(
    { ...readLeaves(request.statement, tools.sha256), carriedIn, feeSatsPerKb },
    tools.sha256,
  );
  const built = await tools.buildPayouts({ parts: draft.parts, coins, feeSatsPerKb, coinsWanted });
  if (!built.ok) return built;
  const plan = encodePlan(planOf(draft, built.transactions, feeSatsPerKb));
  return { ok: true, plan, transactions: built.transactions };
}

/** The receipt file. */
export function writeReceipt(request: ReceiptRequest, sha256: Sha256): Uint8Array {
  const statement = readStatement(request.statement);
  const { transactions } = request;
  return serialiseReceipt(buildReceipt({ statement, plan: decodePlan(request.plan), transactions }, sha256));
}

/** The streams are hashed as the bytes that they are: reading 20,000 of them, to write them again, takes half a second. */
function readLeaves(bytes: Uint8Array, sha256: Sha256): Pick<DraftInput, 'statement' | 'leaves'> {
  const decoded = decodeStatementLeaves(bytes);
  assert(decoded !== undefined, 'a stored statement can be read');
  const { terms, outcome, leaves } = decoded;
  return {
    statement: { terms, ...outcome },
    leaves: leaves.map((leaf) => sumLeaf(leaf, paidSatsOfLeaf(leaf), sha256)),
  };
}

function readStatement(bytes: Uint8Array): RoundStatement {
  const statement = decodeStatement(bytes);
  assert(statement !== undefined, 'a stored statement can be read');
  return statement;
}
