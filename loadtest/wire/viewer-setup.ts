/** What viewers of a load are made from, and what they count together. */
import type { Identity } from '../../src/client/identity.ts';
import type { RoundId } from '../../src/core/ids.ts';
import type { PurseBudget } from './purse.ts';
import type { WebSocketTarget } from './raw-web-socket.ts';

/** Shared by all viewers of a round in this process. */
export interface ViewerRound {
  readonly roundId: RoundId;
  readonly participants: number;
  readonly rateSatsPerSecond: number;
  /** Seconds are watched from here to there; the end moves when a load is stopped early. */
  readonly startsAtMs: number;
  endsAtMs: number;
}

export interface ViewerSetup {
  readonly target: WebSocketTarget;
  readonly person: Identity;
  /** Shown to others, up to 32 characters. */
  readonly name: string;
  readonly round: ViewerRound;
  readonly budget: PurseBudget;
  /** Whom it watches at first. */
  readonly watching: number;
  /** Its state frames are handed to the host. */
  readonly probe: boolean;
}

/** Counted by all viewers of a process together. */
export interface ViewerCounts {
  /** PAY frames: one word each, for one second or more. */
  words: number;
  deliveries: number;
  deliveredBytes: number;
}
