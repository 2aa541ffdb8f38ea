/** What is fixed before a round starts: who battles, when, at what rate, and how the money is divided. */
import type { AccountId, ParticipantId, RoundId } from '../core/ids.ts';
import type { Network } from '../voucher/types.ts';

export interface ParticipantTerms {
  readonly id: ParticipantId;
  readonly name: string;
  /** Where the participant is paid (P2PKH). */
  readonly account: AccountId;
}

/** Shares of the pool in basis points; all entries together are 10,000. */
export interface PrizeTable {
  /** By final rank, best first; the first is above zero. Ranks without a participant are redistributed. */
  readonly rankBps: readonly number[];
  /** By amount paid, highest first; places without a supporter are redistributed. */
  readonly supporterBps: readonly number[];
  readonly platformBps: number;
}

/** Score = satsWeight x sats + voteWeight x votes + clapWeight x claps; integers. */
export interface Scoring {
  readonly satsWeight: number;
  readonly voteWeight: number;
  readonly clapWeight: number;
}

/** A lead change within `windowMs` of the end moves the end by `extendMs`, at most `extensionsMax` times. */
export interface Overtime {
  readonly windowMs: number;
  readonly extendMs: number;
  readonly extensionsMax: number;
}

export type RoundEnd =
  | { readonly kind: 'time'; readonly atMs: number }
  | { readonly kind: 'height'; readonly height: number };

export interface RoundTerms {
  readonly roundId: RoundId;
  readonly network: Network;
  readonly title: string;
  /** 2 to 16; a target on the wire is an index into this list. */
  readonly participants: readonly ParticipantTerms[];
  /** Streams may be opened from here on. */
  readonly lobbyAtMs: number;
  /** Words are taken from here on. */
  readonly startsAtMs: number;
  readonly end: RoundEnd;
  readonly rateSatsPerSecond: number;
  /** Share of a participant's sats that is theirs at once: 4000 to 4500. The rest is the pool. */
  readonly directBps: number;
  readonly prize: PrizeTable;
  readonly scoring: Scoring;
  /** Null: the end never moves. Only with an end by time. */
  readonly overtime: Overtime | null;
  /** How long `closing` takes words for seconds already watched. */
  readonly closingMs: number;
  /** Payees below this are carried forward instead of paid by an output. */
  readonly payoutMinSats: number;
  readonly platformAccount: AccountId;
}

export const PHASES = [
  'scheduled',
  'lobby',
  'live',
  'overtime',
  'closing',
  'settling',
  'settled',
  'cancelled',
] as const;
export type Phase = (typeof PHASES)[number];
