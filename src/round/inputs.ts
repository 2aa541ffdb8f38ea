/**
 * What a round actor is told. Everything that happens to a round is one of these; `step(state, now, inbox)`
 * is a function of the state, the time and a list of them. Inputs cross threads by structured clone.
 */
import type { Code } from '../core/errors.ts';
import type { StreamId } from '../core/ids.ts';
import type { SignedCommitment } from '../voucher/types.ts';
import type { SettlementProgress } from './settlement-progress.ts';

/** Where a reply goes: an edge thread, a connection on it, and the client's own request number. */
export interface ReplyTo {
  readonly edge: number;
  readonly conn: number;
  readonly ref: number;
}

export type RoundInput =
  /** The edge has verified signature, nonce, network and expiry. The step asks the store for the hold. */
  | {
      readonly kind: 'open';
      readonly from: ReplyTo;
      readonly signed: SignedCommitment;
      readonly name: string;
      readonly holdSats: number;
    }
  /** A viewer is back; the edge has verified that the connection owns `publicKey`. */
  | {
      readonly kind: 'attach';
      readonly from: ReplyTo;
      readonly streamId: StreamId;
      readonly publicKey: Uint8Array;
    }
  /** The connection of these slots is gone, or left them. The streams stay open. */
  | {
      readonly kind: 'detach';
      readonly edge: number;
      readonly conn: number;
      readonly slots: readonly number[];
    }
  /** An edge thread is gone with all its connections. */
  | { readonly kind: 'edgeGone'; readonly edge: number }
  /** Verified words, packed (`payment-batch.ts`). */
  | { readonly kind: 'payments'; readonly edge: number; readonly batch: Uint8Array }
  /** Whom the viewer watches from now on; null: nobody (paused). */
  | { readonly kind: 'watch'; readonly slot: number; readonly target: number | null }
  /** `count` is the viewer's claps for this target so far: a max-register. */
  | {
      readonly kind: 'clap';
      readonly edge: number;
      readonly conn: number;
      readonly slot: number;
      readonly target: number;
      readonly count: number;
    }
  | {
      readonly kind: 'vote';
      readonly edge: number;
      readonly conn: number;
      readonly slot: number;
      readonly target: number;
    }
  /** The viewer is done: what is left of the hold goes back. */
  | { readonly kind: 'closeStream'; readonly from: ReplyTo; readonly slot: number }
  /** Answers of the store, to effects. */
  | {
      readonly kind: 'held';
      readonly streamId: StreamId;
      readonly outcome: { readonly ok: true } | { readonly ok: false; readonly code: Code };
    }
  | { readonly kind: 'saved'; readonly seq: number }
  /** From the supervisor. */
  | { readonly kind: 'start' }
  | { readonly kind: 'cancel'; readonly reason: string }
  | { readonly kind: 'height'; readonly height: number }
  | { readonly kind: 'settlement'; readonly progress: SettlementProgress }
  /** Overload control: how often watching clients should pay. */
  | { readonly kind: 'pace'; readonly payEveryMs: number }
  /** Time passed; nothing else happened. */
  | { readonly kind: 'tick' };
