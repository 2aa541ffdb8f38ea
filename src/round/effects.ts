/**
 * What a step asks its shell to do. Effects are executed in order. None is answered inside the step: an
 * answer, where there is one, comes back as an input.
 */
import type { Code } from '../core/errors.ts';
import type { AccountId, StreamId } from '../core/ids.ts';
import type { ReplyTo } from './inputs.ts';
import type { PublicDelta, PublicState } from './public-state.ts';
import type { RoundStatement } from './statement.ts';
import type { Phase } from './terms.ts';

/** All that an edge needs to verify the words of a stream, and a client to carry on. */
export interface StreamGrant {
  readonly slot: number;
  readonly streamId: StreamId;
  /** Words count from here: the later of opening and start. */
  readonly watchFromMs: number;
  readonly holdSats: number;
  /** Paid for watching so far; the bound on time applies to this. */
  readonly watchSats: number;
  /** Paid in all. */
  readonly paidSats: number;
  /**
   * Highest accepted word of each chain; for index 0 the anchor. The word as hex: grants go to another thread, where
   * every byte array would be a buffer of its own, and there are thousands of them after a restore.
   */
  readonly tips: readonly { readonly index: number; readonly word: string }[];
  readonly chains: readonly { readonly unitSats: number; readonly length: number }[];
  readonly rateSatsPerSecond: number;
  /** Index of the participant this viewer voted for. */
  readonly vote: number | null;
  /** This viewer's claps by participant. */
  readonly claps: readonly number[];
  readonly watching: number | null;
}

/** The frame that was refused. Only with `pay` and `gift` words were refused, which the edge had accepted. */
export type RefusedWhat = 'open' | 'attach' | 'close' | 'pay' | 'gift' | 'watch' | 'clap' | 'vote';

export type RoundEffect =
  /** Hold sats for a stream; conditional and atomic in the store; idempotent by stream id. */
  | { readonly kind: 'hold'; readonly streamId: StreamId; readonly account: AccountId; readonly sats: number }
  /** Give back what is above `toSats` of a hold; idempotent. */
  | {
      readonly kind: 'shrinkHold';
      readonly streamId: StreamId;
      readonly account: AccountId;
      readonly toSats: number;
    }
  /** Append a segment. At most one save is under way; `saved` answers. */
  | {
      readonly kind: 'appendSegment';
      readonly seq: number;
      readonly bytes: Uint8Array;
      readonly phase: Phase;
    }
  /** Replace the snapshot and drop the segments up to `seq`; `saved` answers. */
  | { readonly kind: 'saveSnapshot'; readonly seq: number; readonly bytes: Uint8Array; readonly phase: Phase }
  /** To every edge, once. */
  | { readonly kind: 'publishKeyframe'; readonly seq: number; readonly state: PublicState }
  | { readonly kind: 'publishDelta'; readonly seq: number; readonly delta: PublicDelta }
  /** The stream is durable and open (or attached again) on that connection. */
  | { readonly kind: 'granted'; readonly to: ReplyTo; readonly grant: StreamGrant }
  /** A request, or a message of a connection (`ref` 0), was refused. Every word that is refused has one. */
  | {
      readonly kind: 'refused';
      readonly what: RefusedWhat;
      readonly to: ReplyTo;
      readonly code: Code;
      readonly slot: number | null;
    }
  /** These payments are durable. One effect per edge and save; rows as in `paid-rows.ts`. */
  | { readonly kind: 'paid'; readonly edge: number; readonly rows: Uint32Array }
  /** A stream ended on the connection that has it: closed, replaced by a newer one, taken over, or the round is over. */
  | {
      readonly kind: 'streamEnded';
      readonly edge: number;
      readonly conn: number;
      readonly slot: number;
      readonly reason: StreamEndReason;
      readonly paidSats: number;
    }
  /** The final statement is durable: settle it. Repeated after a restart; idempotent by round id. */
  | { readonly kind: 'settle'; readonly statement: RoundStatement }
  /** The round was cancelled and that is durable: refund every hold. Idempotent by round id. */
  | { readonly kind: 'refund' }
  /** For the supervisor's directory and the API. Sent when it is durable. */
  | { readonly kind: 'phase'; readonly phase: Phase; readonly endsAtMs: number | null };

export type StreamEndReason = 'closed' | 'replaced' | 'taken' | 'roundOver' | 'cancelled';
