/**
 * The tables of the memory store. Owned by one thread; every method of the store reads and writes them in one
 * synchronous stretch, which is what makes each call atomic. Nothing is evicted: for tests and the simulator.
 */
import type { RoundId, StreamId, Txid } from '../../core/ids.ts';
import type { JournalEntry, LedgerAccount } from '../../ledger/journal.ts';
import type { Coin, Hold, OutboxTransaction } from '../../ports/store.ts';
import type { Phase, RoundTerms } from '../../round/terms.ts';

export interface MemoryRound {
  readonly terms: RoundTerms;
  readonly createdAtMs: number;
  phase: Phase;
  generation: number;
  /** The last save, of either kind. */
  seq: number;
  snapshot: { readonly seq: number; readonly bytes: Uint8Array } | null;
  segments: { readonly seq: number; readonly bytes: Uint8Array }[];
  finished: boolean;
}

export interface MemoryTransaction {
  transaction: OutboxTransaction;
  /** Coin keys. */
  readonly spends: readonly string[];
  readonly makes: readonly string[];
}

export interface MemorySettlement {
  readonly statement: Uint8Array;
  readonly plan: Uint8Array;
  readonly txids: readonly Txid[];
}

export interface MemoryState {
  readonly rounds: Map<RoundId, MemoryRound>;
  readonly balances: Map<LedgerAccount, number>;
  /** Entry number n is at n - 1. */
  readonly entries: JournalEntry[];
  readonly entryIds: Set<string>;
  readonly entriesOf: Map<LedgerAccount, number[]>;
  /** Every stream that ever had a hold. */
  readonly streams: Map<StreamId, RoundId>;
  readonly openHolds: Map<RoundId, Map<StreamId, Hold>>;
  readonly coins: Map<string, Coin>;
  /** In the order of their settlements. */
  readonly transactions: Map<Txid, MemoryTransaction>;
  readonly settlements: Map<RoundId, MemorySettlement>;
  /** Also by a refund that found nothing held. */
  readonly refundedRounds: Set<RoundId>;
  readonly receipts: Map<RoundId, Uint8Array>;
}

export function emptyState(): MemoryState {
  return {
    rounds: new Map(),
    balances: new Map(),
    entries: [],
    entryIds: new Set(),
    entriesOf: new Map(),
    streams: new Map(),
    openHolds: new Map(),
    coins: new Map(),
    transactions: new Map(),
    settlements: new Map(),
    refundedRounds: new Set(),
    receipts: new Map(),
  };
}

/** A store does not share memory with its callers, in either direction. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

export function ownsRound(state: MemoryState, roundId: RoundId, generation: number): boolean {
  return state.rounds.get(roundId)?.generation === generation;
}
