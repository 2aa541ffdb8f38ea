/**
 * What is durable. Every write resolves when it would survive the machine losing power, and is conditional
 * where two owners could disagree: round writes on the fencing generation, money on balances and entry ids.
 * Implementations: `store/memory`, `store/lmdb` and `store/aerospike`; one suite, `test/conformance/store`.
 */
import type { Refusal } from '../core/errors.ts';
import type { AccountId, RoundId, StreamId, Txid } from '../core/ids.ts';
import type { JournalEntry, LedgerAccount } from '../ledger/journal.ts';
import type { Phase, RoundTerms } from '../round/terms.ts';

/** Fenced: refused when another owner has acquired the round since. */
export type FencedWrite = { readonly ok: true } | Refusal<'STALE_GENERATION'>;

export interface RoundRecord {
  readonly terms: RoundTerms;
  readonly createdAtMs: number;
  readonly phase: Phase;
  /** Fencing generation: how often the round has been acquired. */
  readonly generation: number;
}

export interface SavedRound {
  readonly generation: number;
  readonly terms: RoundTerms;
  /** Null before the first save. */
  readonly snapshot: { readonly seq: number; readonly bytes: Uint8Array } | null;
  /** Those after the snapshot, ascending by seq without a gap. */
  readonly segments: readonly { readonly seq: number; readonly bytes: Uint8Array }[];
}

export interface RoundWrite {
  readonly roundId: RoundId;
  readonly generation: number;
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** Kept in the record, for listings and recovery. */
  readonly phase: Phase;
}

export interface RoundStore {
  createRound(input: {
    readonly terms: RoundTerms;
    readonly createdAtMs: number;
  }): Promise<{ readonly ok: true } | Refusal<'ROUND_EXISTS'>>;
  readRound(roundId: RoundId): Promise<RoundRecord | undefined>;
  /** Newest first by (createdAtMs, roundId); `before` is the last row of the page before. */
  listRounds(page: {
    readonly limit: number;
    readonly before?: { readonly createdAtMs: number; readonly roundId: RoundId };
  }): Promise<readonly RoundRecord[]>;
  /**
   * Every round whose phase is not settled or cancelled, and cancelled ones not yet refunded
   * (`finishRound`).
   */
  unfinishedRounds(): Promise<readonly RoundRecord[]>;
  /** Makes the caller the owner: raises the generation, so that whoever had it can no longer write. */
  acquireRound(roundId: RoundId): Promise<({ readonly ok: true } & SavedRound) | Refusal<'ROUND_NOT_FOUND'>>;
  /**
   * `seq` is one above the last save of the round, the first is 1; asserts it. The last one again is fine.
   */
  appendSegment(write: RoundWrite): Promise<FencedWrite>;
  /**
   * Replaces the snapshot and drops the segments up to `seq`, in one commit. `seq`: the last save or the
   * next.
   */
  saveSnapshot(write: RoundWrite): Promise<FencedWrite>;
  /** Nothing is left to do for the round: it leaves `unfinishedRounds`. */
  finishRound(write: {
    readonly roundId: RoundId;
    readonly generation: number;
    readonly phase: 'settled' | 'cancelled';
  }): Promise<FencedWrite>;
}

export interface Hold {
  readonly streamId: StreamId;
  readonly roundId: RoundId;
  readonly account: AccountId;
  readonly sats: number;
}

export type HoldRefusal = Refusal<'INSUFFICIENT_FUNDS' | 'ROUND_OVER' | 'STREAM_EXISTS'>;

export interface AccountBalances {
  readonly availableSats: number;
  readonly heldSats: number;
  readonly earnedSats: number;
}

export interface AccountStore {
  readBalances(account: AccountId): Promise<AccountBalances>;
  readBalance(account: LedgerAccount): Promise<number>;
  /**
   * Moves sats from available to held and records the hold, atomically. The same hold again answers ok and changes
   * nothing, as long as it is there as it was asked for; STREAM_EXISTS for a stream id whose hold is another one,
   * or has been shrunk or closed: a stream that was let go of must not be opened again over nothing. ROUND_OVER once the round is saved
   * in a phase in which its holds are closed for good: an owner that was replaced, or died, may still ask, and
   * nobody would ever give that hold back.
   *
   * Neither this nor `shrinkHold` carries a generation, so either may arrive from an owner that was replaced. A hold is
   * the same whoever asks, and what closes the holds of a round checks that they are exactly as they were counted. A
   * release is asked for only when it is durable that the stream is closed, or that the round takes none any more: no
   * later owner counts on that hold again.
   */
  hold(hold: Hold & { readonly atMs: number }): Promise<{ readonly ok: true } | HoldRefusal>;
  /** Releases what is above `toSats`. A hold that is already at or below it, or gone, is left as it is. See `hold`. */
  shrinkHold(input: {
    readonly streamId: StreamId;
    readonly toSats: number;
    readonly atMs: number;
  }): Promise<void>;
  /** Open holds of a round, by stream id. */
  holdsOfRound(roundId: RoundId): Promise<readonly Hold[]>;
  /** Posts all legs or none. `applied` is false when the entry id was posted before. */
  post(
    entry: JournalEntry,
  ): Promise<{ readonly ok: true; readonly applied: boolean } | Refusal<'INSUFFICIENT_FUNDS'>>;
  /** Entries that touch an account, newest first. `before` is the `no` of the last one of the page before. */
  listEntries(page: {
    readonly account: LedgerAccount;
    readonly limit: number;
    readonly before?: number;
  }): Promise<readonly (JournalEntry & { readonly no: number })[]>;
  /** Every balance that is not zero: for reconciliation and tests. */
  trialBalance(): Promise<ReadonlyMap<LedgerAccount, number>>;
}

export type CoinState = 'pending' | 'free' | 'reserved' | 'spent';

/** An unspent output of the treasury. */
export interface Coin {
  readonly txid: Txid;
  readonly vout: number;
  readonly sats: number;
  /** 'pending': made by a transaction of ours that the network has not accepted yet. */
  readonly state: CoinState;
  /** The settlement that reserved or spent it. */
  readonly roundId: RoundId | null;
}

export type TxStatus = 'planned' | 'accepted' | 'mined' | 'rejected';

/** A signed transaction that must reach the network: the bytes never change once stored. */
export interface OutboxTransaction {
  readonly txid: Txid;
  readonly roundId: RoundId;
  /** Position in the settlement, from 0. */
  readonly no: number;
  /** Extended Format (BRC-30), as it is submitted. */
  readonly ef: Uint8Array;
  readonly status: TxStatus;
  readonly feeSats: number;
  /** BUMP (BRC-74), once mined and checked. */
  readonly merklePath: Uint8Array | null;
  readonly blockHeight: number | null;
}

export interface SettlementRecord {
  readonly roundId: RoundId;
  /** Canonical statement (settlement/statement-codec.ts). */
  readonly statement: Uint8Array;
  /** The plan as the settlement service encodes it; opaque to the store. */
  readonly plan: Uint8Array;
  readonly transactions: readonly OutboxTransaction[];
}

export interface SettlementCommit {
  readonly roundId: RoundId;
  readonly generation: number;
  readonly statement: Uint8Array;
  readonly plan: Uint8Array;
  /**
   * Closes every hold of the round and books the split. Without legs where there is nothing to book. Must
   * take out of `held` what the round's open holds are; otherwise a retryable error: read the holds and
   * plan again.
   */
  readonly entry: JournalEntry;
  readonly transactions: readonly Omit<OutboxTransaction, 'status' | 'merklePath' | 'blockHeight'>[];
  /** `spentBy`: which of `transactions` spends it; left out, the first does. */
  readonly reservedCoins: readonly (Pick<Coin, 'txid' | 'vout'> & { readonly spentBy?: Txid })[];
  /** Change, `pending` until its transaction is accepted. */
  readonly changeCoins: readonly Pick<Coin, 'txid' | 'vout' | 'sats'>[];
}

export interface SettlementStore {
  /** One commit for all of it. A settlement that exists already answers ok and changes nothing. */
  commitSettlement(
    commit: SettlementCommit,
  ): Promise<
    | { readonly ok: true; readonly applied: boolean }
    | Refusal<'STALE_GENERATION' | 'COIN_TAKEN' | 'INSUFFICIENT_FUNDS'>
  >;
  /** Closes every hold of a cancelled round with one entry (the same rules), in one commit. Idempotent. */
  commitRefund(commit: {
    readonly roundId: RoundId;
    readonly generation: number;
    readonly entry: JournalEntry;
  }): Promise<FencedWrite>;
  readSettlement(roundId: RoundId): Promise<SettlementRecord | undefined>;
  /**
   * planned -> accepted: posts `entry` (payout and fee), spends the reserved coins, frees the change.
   * accepted -> mined: stores the Merkle path. Anything else already past is left as it is (ok).
   */
  advanceTransaction(
    change:
      | { readonly txid: Txid; readonly to: 'accepted'; readonly entry: JournalEntry }
      | {
          readonly txid: Txid;
          readonly to: 'mined';
          readonly merklePath: Uint8Array;
          readonly blockHeight: number;
        },
  ): Promise<void>;
  /** Every transaction that is not mined, oldest settlement first. */
  openTransactions(): Promise<readonly OutboxTransaction[]>;
  addCoins(input: {
    readonly coins: readonly Pick<Coin, 'txid' | 'vout' | 'sats'>[];
    readonly entry: JournalEntry;
  }): Promise<void>;
  /** Free coins, largest first, at most `limit`. */
  freeCoins(limit: number): Promise<readonly Coin[]>;
  /** Value of all coins that are not spent, pending change included. */
  coinTotalSats(): Promise<number>;
  putReceipt(roundId: RoundId, bytes: Uint8Array): Promise<void>;
  readReceipt(roundId: RoundId): Promise<Uint8Array | undefined>;
}

export interface Store extends RoundStore, AccountStore, SettlementStore {
  /** Answers whether the store can be read and written now. */
  check(): Promise<boolean>;
  close(): Promise<void>;
}
