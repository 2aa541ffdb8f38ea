/**
 * What threads say to each other. Three kinds of links, all MessagePorts:
 *
 *   main  <-> shard   rounds to own, phases, settlements
 *   main  <-> edge    the directory: which round lives where, under which handle
 *   edge  <-> shard   inputs one way; frames, replies and acknowledgements the other
 *
 * A round's `handle` is a u32 that main assigns once per round and process; it is what travels on the wire
 * and between threads in place of the id.
 */
import type { MessagePort } from 'node:worker_threads';
import type { RoundId } from '../core/ids.ts';
import type { RoundEffect } from '../round/effects.ts';
import type { RoundInput } from '../round/inputs.ts';
import type { PublicState } from '../round/public-state.ts';
import type { RoundStatement } from '../round/statement.ts';
import type { Phase, RoundTerms } from '../round/terms.ts';

/* ---- edge -> shard ---- */

export type EdgeToShard =
  /** Inputs of one loop turn, in order, grouped by round. Each counts towards the mailbox bound. */
  | {
      readonly kind: 'inputs';
      readonly batchNo: number;
      readonly rounds: readonly { readonly handle: number; readonly inputs: readonly RoundInput[] }[];
    }
  /** The edge wants the frames of a round (and a keyframe first). */
  | { readonly kind: 'subscribe'; readonly handle: number }
  | { readonly kind: 'unsubscribe'; readonly handle: number };

/* ---- shard -> edge ---- */

/** Effects that are addressed to an edge, as they come out of a step. */
export type EdgeEffect = Extract<RoundEffect, { kind: 'granted' | 'refused' | 'paid' | 'streamEnded' }>;

export type ShardToEdge =
  /** The current state, in answer to `subscribe`, or anew after the round was restored (a higher epoch). */
  | {
      readonly kind: 'keyframe';
      readonly handle: number;
      readonly epoch: number;
      readonly seq: number;
      readonly state: PublicState;
    }
  /** The delta, already encoded for the wire: the same bytes go to every viewer. */
  | {
      readonly kind: 'delta';
      readonly handle: number;
      readonly epoch: number;
      readonly seq: number;
      readonly frame: Uint8Array;
    }
  | {
      readonly kind: 'effects';
      readonly handle: number;
      readonly epoch: number;
      readonly effects: readonly EdgeEffect[];
    }
  /** The batch with this number was taken out of the mailbox: the edge may have that many more under way. */
  | { readonly kind: 'credit'; readonly batchNo: number };

/** Between two `busy` of a thread. */
export const BUSY_EVERY_MS = 1_000;

/** Sent by every thread, regularly: the part of the time since the last one in which it waited for nothing, 0 to 1. */
export interface Busy {
  readonly kind: 'busy';
  readonly part: number;
}

/* ---- main <-> edge ---- */

export interface RoundPlace {
  readonly handle: number;
  readonly roundId: RoundId;
  readonly shard: number;
}

export type MainToEdge =
  /** A (new) link to a shard; the one before, if any, is dead. Rounds placed there are subscribed to anew. */
  | { readonly kind: 'link'; readonly shard: number; readonly port: MessagePort }
  | { readonly kind: 'place'; readonly place: RoundPlace }
  /** The round is gone from memory; joins answer ROUND_NOT_FOUND, followers keep the last state. */
  | { readonly kind: 'unplace'; readonly handle: number }
  | { readonly kind: 'stats' }
  /** Close every connection with this code, then the app and this port. */
  | { readonly kind: 'stop'; readonly closeCode: number };

export interface EdgeStats {
  readonly connections: number;
  readonly wordsAccepted: number;
  readonly wordsRefused: number;
  readonly framesPublished: number;
}

export type EdgeToMain =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'stats'; readonly stats: EdgeStats }
  | Busy
  | { readonly kind: 'failed'; readonly message: string };

/* ---- main <-> shard ---- */

export type MainToShard =
  | { readonly kind: 'link'; readonly edge: number; readonly port: MessagePort }
  | { readonly kind: 'edgeGone'; readonly edge: number }
  /** Acquire the round in the store, restore it, run it. */
  | { readonly kind: 'own'; readonly handle: number; readonly roundId: RoundId }
  /** One of the supervisor's inputs: start, cancel, settlement. */
  | { readonly kind: 'input'; readonly handle: number; readonly input: RoundInput }
  /** A block was mined: told to every round that follows the chain. */
  | { readonly kind: 'height'; readonly height: number }
  /** How often viewers are asked for a word: told to every round, also those owned later. */
  | { readonly kind: 'pace'; readonly payEveryMs: number }
  | { readonly kind: 'release'; readonly handle: number }
  | { readonly kind: 'stats' }
  /** A drill: the shard fails an assertion, as a bug would. */
  | { readonly kind: 'crash' }
  /** Save everything, then stop; `stopped` answers. */
  | { readonly kind: 'stop' };

export interface ShardStats {
  readonly rounds: number;
  readonly steps: number;
  /** Words handed to rounds. */
  readonly words: number;
  /** Words dropped because a mailbox was full or the round was not here. */
  readonly wordsDropped: number;
  /** Requests refused, or dropped where there is nobody to tell, for the same reasons. */
  readonly inputsRefused: number;
  /** Store calls that had to be tried again. */
  readonly storeRetries: number;
}

export type ShardToMain =
  /** The store is open; sent once. */
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'owned';
      readonly handle: number;
      readonly generation: number;
      readonly terms: RoundTerms;
    }
  | {
      readonly kind: 'phase';
      readonly handle: number;
      readonly phase: Phase;
      readonly endsAtMs: number | null;
    }
  | {
      readonly kind: 'settle';
      readonly handle: number;
      readonly generation: number;
      readonly statement: RoundStatement;
    }
  | {
      readonly kind: 'refund';
      readonly handle: number;
      readonly generation: number;
      readonly roundId: RoundId;
    }
  /** Answers `own`: the store has no such round. */
  | { readonly kind: 'absent'; readonly handle: number }
  /** Another owner has the round, or its saves cannot be read (logged): it was dropped here. */
  | { readonly kind: 'lost'; readonly handle: number }
  /** A bug: the shard is about to die in the code of this round. The last it says. */
  | { readonly kind: 'failing'; readonly handle: number }
  | { readonly kind: 'stats'; readonly stats: ShardStats }
  | Busy
  | { readonly kind: 'stopped' };
