/** Building signed transactions out of the treasury's coins: what settlement asks of the wallet. */
import type { Refusal } from '../core/errors.ts';
import type { AccountId, Txid } from '../core/ids.ts';

/** An unspent P2PKH output that pays the treasury's account. */
export interface TreasuryCoin {
  readonly txid: Txid;
  readonly vout: number;
  readonly sats: number;
}

/** One transaction to be: its first output is `dataScript` with 0 sats, then one P2PKH output per payee, then change. */
export interface PayoutPart {
  readonly dataScript: Uint8Array;
  readonly payees: readonly { readonly account: AccountId; readonly sats: number }[];
}

export interface PayoutRequest {
  readonly parts: readonly PayoutPart[];
  /** Free coins that may be spent, largest first. */
  readonly coins: readonly TreasuryCoin[];
  readonly feeSatsPerKb: number;
  /** While the treasury has fewer coins than this, change is split, so that settlements do not queue behind one coin. */
  readonly coinsWanted: number;
}

export interface PayoutTransaction {
  readonly txid: Txid;
  /** Extended Format, signed. */
  readonly ef: Uint8Array;
  readonly feeSats: number;
  readonly spends: readonly TreasuryCoin[];
  readonly change: readonly TreasuryCoin[];
}

/** One transaction per part, in order; deterministic for a request and a key. */
export type PayoutResult =
  | { readonly ok: true; readonly transactions: readonly PayoutTransaction[] }
  | Refusal<'INSUFFICIENT_FUNDS'>;
