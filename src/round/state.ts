/**
 * The state of one round. Owned by its shard thread; only `step` changes it.
 *
 *   facts     scalars that are saved
 *   streams   rows that are saved
 *   gifts     the newest gifts, saved
 *   viewers   derived from the streams
 *   totals    derived from the streams; saved too, as a check
 *   saves     what is durable and what is under way
 *   session   what a restart forgets: who is attached, what waits for a save, what was published
 *
 * Invariant at the end of each step: paid of all streams = paid of all participants = paid of all viewers.
 */
import type { AccountId, StreamId, Txid } from '../core/ids.ts';
import type { SignedCommitment } from '../voucher/types.ts';
import { CADENCE } from './bounds.ts';
import type { RoundEffect } from './effects.ts';
import { GiftLog } from './gift-log.ts';
import type { ReplyTo } from './inputs.ts';
import type { PublicResult, PublicState } from './public-state.ts';
import type { SettlementProgress } from './settlement-progress.ts';
import { StreamTable } from './stream-table.ts';
import type { Phase, RoundTerms } from './terms.ts';
import { ViewerTable } from './viewer-table.ts';

export interface RoundFacts {
  phase: Phase;
  /** Time of the last step: the round's time never goes back, even if the clock does. */
  nowMs: number;
  /** Moves when an operator starts the round early. */
  startsAtMs: number;
  /** Null before `live`. */
  startedAtMs: number | null;
  /** Null while the end is a block height that was not reached. */
  endsAtMs: number | null;
  /** When seconds stopped counting. Null before `closing`. */
  endedAtMs: number | null;
  cutoffAtMs: number | null;
  overtimeCount: number;
  /** Highest block height heard of; 0 at first. */
  height: number;
  cancelReason: string;
  /** Null before the settlement service reports. */
  settlement: { readonly status: SettlementProgress['status']; readonly txids: readonly Txid[] } | null;
}

export interface RoundTotals {
  /** By participant index. */
  readonly sats: Float64Array;
  readonly votes: Float64Array;
  readonly claps: Float64Array;
  openStreams: number;
  /** Holds of all streams together (of a closed one: what it paid). */
  committedSats: number;
}

export interface PendingOpen {
  readonly from: ReplyTo;
  readonly signed: SignedCommitment;
  readonly name: string;
  readonly holdSats: number;
  /** A newer OPEN of the account came: let go of the hold when it is answered. */
  superseded: boolean;
  /** False while the hold of an older OPEN of the account is in the way. */
  holdAsked: boolean;
}

export interface Saves {
  /** Of the last save that was begun. */
  seq: number;
  /** The last save that was begun has no answer yet; these effects wait for it. */
  underWay: { readonly seq: number; readonly covered: readonly RoundEffect[] } | null;
  lastBegunMs: number;
  segmentsSinceSnapshot: number;
  segmentBytesSinceSnapshot: number;
  /** 0: there is none yet. */
  snapshotBytes: number;
}

export interface Session {
  /** By slot, two columns: edge + 1 (0: not attached), connection. */
  links: Uint32Array;
  readonly pending: Map<StreamId, PendingOpen>;
  /** The newest pending OPEN of an account. */
  readonly pendingByAccount: Map<AccountId, StreamId>;
  pendingHoldSats: number;
  /** By participant: attached viewers that watch it. */
  readonly watchers: Float64Array;
  /** Rows changed since the last save was begun; `dirtyFlags` by slot. */
  readonly dirtySlots: number[];
  dirtyFlags: Uint8Array;
  dirtyFacts: boolean;
  /** When something came to be saved first; null: there is nothing. */
  dirtySinceMs: number | null;
  /** Gifts up to this one are in a save that was begun. */
  giftsSaved: number;
  /** Slots below this one are in a save that was begun, with their fixed part. */
  slotsSaved: number;
  /** Slots with words to acknowledge; flags by slot: 1 words, 2 a gift among them. */
  readonly touchedSlots: number[];
  touchedFlags: Uint8Array;
  /** Effects that wait for the next save. */
  waiting: RoundEffect[];
  /** A gift or a pause is to be acknowledged as soon as it is durable. */
  awaited: boolean;
  /** The next save is a snapshot. */
  snapshotWanted: boolean;
  /** Votes, claps or sats moved since the ranking was made. */
  scoresMoved: boolean;
  /** By rank, best first: participant indexes. */
  ranking: readonly number[];
  payEveryMs: number;
  /** By viewer: when its bucket of claps would be full again (generic cell rate algorithm). */
  clapsFullAtMs: Float64Array;
  /** Refusals of the current window, as `slot:what:code`. */
  readonly refusals: Set<string>;
  refusalsSinceMs: number;
  readonly frames: Frames;
  /** Kept for frames once the round is over. */
  result: PublicResult | null;
  /** The first step tells the shell where the round stands. */
  announced: boolean;
}

export interface Frames {
  seq: number;
  /** What every replica has. Null before the keyframe. */
  published: PublicState | null;
  lastMs: number;
  lastDriftMs: number;
  lastSupportersMs: number;
  /** Something happened that goes out with the next frame, at once. */
  event: boolean;
  /** Something happened that many viewers do: soon (CADENCE.stirDeliveriesPerSecond). */
  stir: boolean;
  /** A gift or a stream moved the supporters. */
  supportersMoved: boolean;
  /** Something may have drifted since the last look. */
  mayDrift: boolean;
}

export interface RoundState {
  readonly terms: RoundTerms;
  /** Fencing generation; rises with each restore. */
  readonly epoch: number;
  readonly facts: RoundFacts;
  readonly streams: StreamTable;
  readonly viewers: ViewerTable;
  readonly totals: RoundTotals;
  readonly gifts: GiftLog;
  readonly saves: Saves;
  readonly session: Session;
}

/** A round of which nothing was saved. Its phase catches up with the time in the first step. */
export function createRound(input: {
  readonly terms: RoundTerms;
  readonly epoch: number;
  readonly nowMs: number;
}): RoundState {
  const { terms, epoch, nowMs } = input;
  const count = terms.participants.length;
  return {
    terms,
    epoch,
    facts: {
      phase: 'scheduled',
      nowMs,
      startsAtMs: terms.startsAtMs,
      startedAtMs: null,
      endsAtMs: terms.end.kind === 'time' ? terms.end.atMs : null,
      endedAtMs: null,
      cutoffAtMs: null,
      overtimeCount: 0,
      height: 0,
      cancelReason: '',
      settlement: null,
    },
    streams: new StreamTable(count),
    viewers: new ViewerTable(),
    totals: {
      sats: new Float64Array(count),
      votes: new Float64Array(count),
      claps: new Float64Array(count),
      openStreams: 0,
      committedSats: 0,
    },
    gifts: new GiftLog(),
    saves: {
      seq: 0,
      underWay: null,
      lastBegunMs: 0,
      segmentsSinceSnapshot: 0,
      segmentBytesSinceSnapshot: 0,
      snapshotBytes: 0,
    },
    session: createSession(count),
  };
}

function createSession(participants: number): Session {
  return {
    links: new Uint32Array(0),
    pending: new Map(),
    pendingByAccount: new Map(),
    pendingHoldSats: 0,
    watchers: new Float64Array(participants),
    dirtySlots: [],
    dirtyFlags: new Uint8Array(0),
    dirtyFacts: false,
    dirtySinceMs: null,
    giftsSaved: 0,
    slotsSaved: 0,
    touchedSlots: [],
    touchedFlags: new Uint8Array(0),
    waiting: [],
    awaited: false,
    snapshotWanted: false,
    scoresMoved: false,
    ranking: Array.from({ length: participants }, (_, index) => index),
    payEveryMs: CADENCE.payEveryMs,
    clapsFullAtMs: new Float64Array(0),
    refusals: new Set(),
    refusalsSinceMs: 0,
    frames: {
      seq: 0,
      published: null,
      lastMs: 0,
      lastDriftMs: 0,
      lastSupportersMs: 0,
      event: false,
      stir: false,
      supportersMoved: false,
      mayDrift: false,
    },
    result: null,
    announced: false,
  };
}

/** Room for the per-slot columns of the session, for every slot of the table's capacity. */
export function fitSession(state: RoundState): void {
  const { session, streams } = state;
  const slots = streams.capacity;
  if (session.dirtyFlags.length >= slots) return;
  const links = new Uint32Array(slots * 2);
  links.set(session.links);
  const dirtyFlags = new Uint8Array(slots);
  dirtyFlags.set(session.dirtyFlags);
  const touchedFlags = new Uint8Array(slots);
  touchedFlags.set(session.touchedFlags);
  const clapsFullAtMs = new Float64Array(slots);
  clapsFullAtMs.set(session.clapsFullAtMs);
  session.links = links;
  session.dirtyFlags = dirtyFlags;
  session.touchedFlags = touchedFlags;
  session.clapsFullAtMs = clapsFullAtMs;
}

/** Words are worth something in these phases. */
export function takesWords(phase: Phase): boolean {
  return phase === 'live' || phase === 'overtime' || phase === 'closing';
}

/** Votes, claps and gifts count in these. */
export function isRunning(phase: Phase): boolean {
  return phase === 'live' || phase === 'overtime';
}

/** Streams may be opened in these. */
export function isOpenForStreams(phase: Phase): boolean {
  return phase === 'lobby' || isRunning(phase);
}

/** Why something that needs a later or an earlier phase is refused now. */
export function phaseRefusal(phase: Phase): 'ROUND_NOT_OPEN' | 'ROUND_OVER' {
  return phase === 'scheduled' || phase === 'lobby' ? 'ROUND_NOT_OPEN' : 'ROUND_OVER';
}

/** From when seconds of this stream count. */
export function watchFromMs(state: RoundState, openedAtMs: number): number {
  return Math.max(openedAtMs, state.facts.startedAtMs ?? state.facts.startsAtMs);
}
