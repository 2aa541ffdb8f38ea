/**
 * What a round says about itself when it is over: the input of settlement and, canonically encoded, what the
 * receipt publishes. Everything money depends on is here, so that a third party can recompute the rest.
 */
import type { AccountId } from '../core/ids.ts';
import type { Sats } from '../core/sats.ts';
import type { SignedCommitment } from '../voucher/types.ts';
import type { RoundTerms } from './terms.ts';

export interface StatementStream {
  readonly signed: SignedCommitment;
  readonly name: string;
  /** Highest accepted word of each chain, in chain order; index 0 carries the anchor. */
  readonly tips: readonly { readonly index: number; readonly word: Uint8Array }[];
  /** By participant index: what was paid for it. */
  readonly targets: readonly { readonly watchSats: Sats; readonly giftSats: Sats }[];
  readonly paidSats: Sats;
  readonly holdSats: Sats;
}

export interface StatementParticipant {
  readonly paidSats: Sats;
  readonly votes: number;
  readonly claps: number;
  readonly score: number;
  readonly rank: number;
}

export interface RoundStatement {
  readonly terms: RoundTerms;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly overtimeCount: number;
  /** In terms order. */
  readonly participants: readonly StatementParticipant[];
  /** Every payer by what it paid in all its streams of the round, highest first, ties by account. Only the first LIMITS.prizeSupportersMax. */
  readonly supporters: readonly { readonly account: AccountId; readonly paidSats: Sats }[];
  /** Every stream that was ever opened, by stream id. */
  readonly streams: readonly StatementStream[];
}
