/** What the main thread and the thread of simulated viewers say to each other. */
import type { AccountId, RoundId } from '../core/ids.ts';

export interface CrowdData {
  readonly wsUrl: string;
  readonly viewers: number;
  /** Share of the viewers that give once per battle. */
  readonly giftShare: number;
}

export type ToCrowd =
  /** Follow the round, open streams in the lobby, act from `startsAtMs` on, report when it is over. */
  | {
      readonly kind: 'battle';
      readonly roundId: RoundId;
      readonly participants: number;
      readonly startsAtMs: number;
      readonly endsAtMs: number;
      readonly seed: number;
    }
  | { readonly kind: 'stop' };

export interface BattleReport {
  readonly roundId: RoundId;
  /** Viewers that were connected with an open stream when the battle began. */
  readonly connected: number;
  /** Seconds paid for, as sent and as acknowledged. */
  readonly ticksSent: number;
  readonly ticksAccepted: number;
  readonly giftsSent: number;
  readonly giftsAccepted: number;
  readonly votes: number;
  readonly claps: number;
  /** Sum of all words the viewers revealed. */
  readonly sentSats: number;
  /** What the engine said at the end of each stream. */
  readonly paidSats: number;
  /** From a gift leaving one viewer to another viewer seeing it in the state, milliseconds. */
  readonly latenciesMs: readonly number[];
  /** Coded errors that viewers were told, by code. */
  readonly errors: Readonly<Record<string, number>>;
}

export type FromCrowd =
  /** Once, after the keys were made: these want an account with funds. */
  | { readonly kind: 'accounts'; readonly accounts: readonly AccountId[] }
  | { readonly kind: 'connected'; readonly connected: number }
  | { readonly kind: 'over'; readonly report: BattleReport }
  /** Answers `stop`: every connection was closed. */
  | { readonly kind: 'closed' };
