/**
 * What everybody may see of a round, as data. An actor owns it, an edge keeps a replica to answer joins,
 * and a client the same replica to draw: all three advance it with `applyDelta` (public-delta.ts).
 * Level and slope: a participant's sats are `sats + (now - atMs) / 1000 x satsPerSecond` between frames.
 */
import type { AccountId, ParticipantId, RoundId, Txid } from '../core/ids.ts';
import type { Phase } from './terms.ts';

export interface PublicParticipant {
  readonly id: ParticipantId;
  readonly name: string;
  sats: number;
  satsPerSecond: number;
  votes: number;
  claps: number;
  score: number;
  /** 1 is best; no two share one. */
  rank: number;
  watchers: number;
}

export interface PublicSupporter {
  readonly account: AccountId;
  readonly name: string;
  readonly sats: number;
}

export interface PublicGift {
  /** Counts the gifts of a round from 1. */
  readonly no: number;
  readonly from: string;
  readonly account: AccountId;
  /** Index of the participant. */
  readonly target: number;
  readonly sats: number;
  readonly atMs: number;
}

/** Present from `settling` on; `txids` and `status` fill in as the settlement proceeds. */
export interface PublicResult {
  /** Participant indexes, best first. */
  readonly ranking: readonly number[];
  readonly paidSats: number;
  readonly directSats: number;
  readonly poolSats: number;
  readonly platformSats: number;
  /** What each participant gets in all (direct and prize), by participant index. */
  readonly participantSats: readonly number[];
  readonly txids: readonly Txid[];
  /** 'planned' before anything was broadcast, 'accepted' by the network, 'mined' with checked Merkle paths. */
  readonly status: 'planned' | 'accepted' | 'mined';
}

export interface PublicState {
  readonly roundId: RoundId;
  readonly title: string;
  phase: Phase;
  /** Moves when an operator starts the round early. */
  startsAtMs: number;
  /** Moves with overtime. Null while the round ends at a block height. */
  endsAtMs: number | null;
  readonly endHeight: number | null;
  /** No word is taken after this. Null until `closing`. */
  cutoffAtMs: number | null;
  readonly rateSatsPerSecond: number;
  /** How often a watching client should reveal a word; payments are cumulative, so fewer lose nothing. */
  payEveryMs: number;
  /** Time of the participants' levels below. */
  atMs: number;
  /** Open streams. */
  viewers: number;
  readonly participants: PublicParticipant[];
  /** At most LIMITS.supportersShown, highest first. */
  supporters: PublicSupporter[];
  /** At most LIMITS.giftsShown, newest last. Under load it is a sample; totals are never sampled. */
  gifts: PublicGift[];
  result: PublicResult | null;
}

/** What changed since the frame before; absent means unchanged. */
export interface PublicDelta {
  /** Time of the frame. It becomes the state's only together with `participants`. */
  readonly atMs: number;
  readonly phase?: Phase;
  readonly startsAtMs?: number;
  readonly endsAtMs?: number | null;
  readonly cutoffAtMs?: number | null;
  readonly payEveryMs?: number;
  readonly viewers?: number;
  /**
   * Participants by index, each with all of its changing fields. A list leaves out only those that did not
   * change and do not grow by themselves, because their level is the same at the new `atMs`.
   */
  readonly participants?: readonly ParticipantChange[];
  /** The whole list. */
  readonly supporters?: readonly PublicSupporter[];
  /** Appended. */
  readonly gifts?: readonly PublicGift[];
  readonly result?: PublicResult;
}

export interface ParticipantChange {
  readonly index: number;
  readonly sats: number;
  readonly satsPerSecond: number;
  readonly votes: number;
  readonly claps: number;
  readonly score: number;
  readonly rank: number;
  readonly watchers: number;
}
