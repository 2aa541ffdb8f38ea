/** The engine as the API sees it. Implemented by the supervisor; nothing here blocks on a viewer. */
import type { Refusal } from '../core/errors.ts';
import type { AccountId, RoundId, Txid } from '../core/ids.ts';
import type { PublicResult } from '../round/public-state.ts';
import type { Phase, RoundTerms } from '../round/terms.ts';
import type { AccountBalances } from './store.ts';

export interface RoundSummary {
  readonly terms: RoundTerms;
  readonly createdAtMs: number;
  readonly phase: Phase;
  /** As moved by overtime; null before it is known or with an end by height. */
  readonly endsAtMs: number | null;
}

export interface RoundResults {
  readonly roundId: RoundId;
  readonly phase: Phase;
  readonly result: PublicResult;
  readonly minerFeeSats: number;
  readonly carriedSats: number;
  readonly refundedSats: number;
  readonly transactions: readonly {
    readonly txid: Txid;
    readonly status: string;
    readonly blockHeight: number | null;
    readonly feeSats: number;
  }[];
}

export interface EngineHealth {
  readonly status: 'ok' | 'degraded';
  readonly uptimeMs: number;
  readonly store: boolean;
  readonly chainHeight: number;
  readonly shards: number;
  readonly edges: number;
  readonly connections: number;
  readonly liveRounds: number;
}

/** Why a round has no results and no receipt: a cancelled one never will. */
type NoResults = 'ROUND_NOT_FOUND' | 'RESULTS_NOT_READY' | 'ROUND_CANCELLED';

export interface EngineControl {
  createRound(
    terms: RoundTerms,
  ): Promise<{ readonly ok: true; readonly round: RoundSummary } | Refusal<'ROUND_EXISTS' | 'UNAVAILABLE'>>;
  readRound(roundId: RoundId): Promise<RoundSummary | undefined>;
  listRounds(page: {
    readonly limit: number;
    readonly before?: { readonly createdAtMs: number; readonly roundId: RoundId };
  }): Promise<readonly RoundSummary[]>;
  /** Brings a scheduled or lobby round to live now. */
  startRound(
    roundId: RoundId,
  ): Promise<
    { readonly ok: true; readonly round: RoundSummary } | Refusal<'ROUND_NOT_FOUND' | 'ALREADY_STARTED'>
  >;
  cancelRound(
    roundId: RoundId,
    reason: string,
  ): Promise<
    { readonly ok: true; readonly round: RoundSummary } | Refusal<'ROUND_NOT_FOUND' | 'NOT_CANCELLABLE'>
  >;
  results(
    roundId: RoundId,
  ): Promise<{ readonly ok: true; readonly results: RoundResults } | Refusal<NoResults>>;
  /** The receipt file, as published. */
  receipt(roundId: RoundId): Promise<{ readonly ok: true; readonly bytes: Uint8Array } | Refusal<NoResults>>;
  balances(account: AccountId): Promise<AccountBalances>;
  /** Development networks: credits an account from the operator's funds. Idempotent by `key`. */
  fundDevAccount(input: {
    readonly account: AccountId;
    readonly sats: number;
    readonly key: string;
  }): Promise<
    { readonly ok: true; readonly balances: AccountBalances } | Refusal<'FORBIDDEN' | 'UNAVAILABLE'>
  >;
  health(): Promise<EngineHealth>;
}
