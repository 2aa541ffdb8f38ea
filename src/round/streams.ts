/**
 * The life of streams: open, hold, attach, replace, close. Owned by the round's shard thread.
 *
 * A stream is pending until the store has answered its hold, and granted only when its row is durable. One
 * open stream an account: a newer OPEN closes the older stream first, so that its hold is free for the new one.
 *
 * No sat of a hold is let go before it is durable that the stream is closed, or that the round takes none: a release may
 * reach the store after this owner has died, and must find no stream that the next one has opened again.
 */
import { equalBytes, toHex } from '../core/bytes.ts';
import type { Code } from '../core/errors.ts';
import type { AccountId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { isSats } from '../core/sats.ts';
import { ROUND_BOUNDS } from './bounds.ts';
import type { RoundEffect, StreamEndReason, StreamGrant } from './effects.ts';
import type { ReplyTo, RoundInput } from './inputs.ts';
import { isLinkedTo, link, linkOf, unlink } from './links.ts';
import { markEvent, markRow } from './marks.ts';
import { refuseRequest } from './refusals.ts';
import {
  type PendingOpen,
  type RoundState,
  fitSession,
  isOpenForStreams,
  phaseRefusal,
  watchFromMs,
} from './state.ts';
import { packSigned, recordPublicKey } from './static-record.ts';
import {
  CHAIN_COUNT,
  CLAPS,
  HOLD,
  NOBODY,
  OPENED_AT,
  PAID,
  STATUS,
  STREAM_CLOSED,
  TIPS,
  UNITS,
  VIEWER,
  WATCH,
  WATCHING,
} from './stream-table.ts';

type Input<K extends RoundInput['kind']> = Extract<RoundInput, { kind: K }>;

export function openStream(state: RoundState, input: Input<'open'>, effects: RoundEffect[]): void {
  const { streamId } = input.signed.commitment;
  const slot = state.streams.bySlot.get(streamId);
  const pending = state.session.pending.get(streamId);
  if (slot !== undefined) return openAgain(state, slot, input, effects);
  if (pending !== undefined) {
    const same =
      equalBytes(pending.signed.bytes, input.signed.bytes) && isSameConnection(pending.from, input.from);
    if (same) {
      // The hold's answer is for the newer request.
      state.session.pending.set(streamId, { ...pending, from: input.from });
      const older = pending.from;
      if (older.ref !== input.from.ref) {
        refuseRequest(effects, { what: 'open', to: older, code: 'STREAM_TAKEN' });
      }
    } else refuseRequest(effects, { what: 'open', to: input.from, code: 'STREAM_EXISTS' });
    return;
  }
  const code = whyNotOpen(state, input);
  if (code !== null) return refuseRequest(effects, { what: 'open', to: input.from, code });

  const { from, signed, name, holdSats } = input;
  const { payer } = signed.commitment;
  const holdAsked = !supersedePending(state, payer, effects);
  state.session.pending.set(streamId, { from, signed, name, holdSats, superseded: false, holdAsked });
  state.session.pendingByAccount.set(payer, streamId);
  state.session.pendingHoldSats += holdSats;
  if (!holdAsked) return;
  const hold: RoundEffect = { kind: 'hold', streamId, account: payer, sats: holdSats };
  const viewer = state.viewers.byAccount.get(payer);
  const older = viewer === undefined ? null : state.viewers.openSlot(viewer);
  if (older === null) {
    effects.push(hold);
    return;
  }
  endStream(state, older, 'replaced');
  state.session.waiting.push(hold);
}

/** The same OPEN once more from the same connection, or after a restart: granted again. */
function openAgain(state: RoundState, slot: number, input: Input<'open'>, effects: RoundEffect[]): void {
  const same = equalBytes(state.streams.record(slot), packSigned(input.signed));
  const holder = linkOf(state, slot);
  const free = holder === null || isLinkedTo(state, slot, input.from.edge, input.from.conn);
  if (!same || !free || !state.streams.isOpen(slot)) {
    return refuseRequest(effects, { what: 'open', to: input.from, code: 'STREAM_EXISTS', slot });
  }
  if (!isOpenForStreams(state.facts.phase)) {
    return refuseRequest(effects, {
      what: 'open',
      to: input.from,
      code: phaseRefusal(state.facts.phase),
      slot,
    });
  }
  grant(state, slot, input.from);
}

function whyNotOpen(state: RoundState, input: Input<'open'>): Code | null {
  const { facts, terms, session, streams } = state;
  const { commitment } = input.signed;
  if (!isOpenForStreams(facts.phase)) return phaseRefusal(facts.phase);
  if (commitment.roundId !== terms.roundId || commitment.network !== terms.network) return 'BAD_COMMITMENT';
  if (commitment.rateSatsPerSecond !== terms.rateSatsPerSecond) return 'BAD_COMMITMENT';
  if (!isSats(input.holdSats) || input.holdSats === 0) return 'BAD_REQUEST';
  if (input.holdSats > ROUND_BOUNDS.committedSatsMax) return 'BAD_REQUEST'; // an empty round could not take it
  if (input.name.length > LIMITS.nameCharsMax) return 'BAD_REQUEST';
  if (streams.count + session.pending.size >= LIMITS.streamsPerRoundMax) return 'ROUND_FULL';
  if (session.pending.size >= ROUND_BOUNDS.pendingOpensMax) return 'ROUND_FULL';
  const committed = state.totals.committedSats + session.pendingHoldSats + input.holdSats;
  return committed > ROUND_BOUNDS.committedSatsMax ? 'ROUND_FULL' : null;
}

/**
 * Whether an OPEN of the account has its hold under way: the newer one asks for its own when that one is answered
 * and let go of, so that funds for one stream are enough. One that was itself waiting for that is refused at once.
 */
function supersedePending(state: RoundState, payer: AccountId, effects: RoundEffect[]): boolean {
  const before = newestPending(state, payer);
  if (before === undefined) return false;
  if (before.holdAsked) before.superseded = true;
  else {
    dropPending(state, before);
    refuseRequest(effects, { what: 'open', to: before.from, code: 'STREAM_TAKEN' });
  }
  return true;
}

function newestPending(state: RoundState, payer: AccountId): PendingOpen | undefined {
  const streamId = state.session.pendingByAccount.get(payer);
  return streamId === undefined ? undefined : state.session.pending.get(streamId);
}

function dropPending(state: RoundState, open: PendingOpen): void {
  const { session } = state;
  const { streamId, payer } = open.signed.commitment;
  session.pending.delete(streamId);
  session.pendingHoldSats -= open.holdSats;
  if (session.pendingByAccount.get(payer) === streamId) session.pendingByAccount.delete(payer);
}

/** The hold that was in the way is answered. */
function askForNextHold(state: RoundState, payer: AccountId, effects: RoundEffect[]): void {
  const next = newestPending(state, payer);
  if (next === undefined || next.holdAsked) return;
  const { phase } = state.facts;
  if (isOpenForStreams(phase)) {
    next.holdAsked = true;
    const { streamId } = next.signed.commitment;
    // After the release of the one before, which waits too.
    state.session.waiting.push({ kind: 'hold', streamId, account: payer, sats: next.holdSats });
  } else {
    dropPending(state, next);
    refuseRequest(effects, { what: 'open', to: next.from, code: phaseRefusal(phase) });
  }
}

function isSameConnection(a: ReplyTo, b: ReplyTo): boolean {
  return a.edge === b.edge && a.conn === b.conn;
}

/** The store's answer to a hold. */
export function onHeld(state: RoundState, input: Input<'held'>, effects: RoundEffect[]): void {
  const { session } = state;
  const open = session.pending.get(input.streamId);
  if (open === undefined) return; // a hold that no stream has is closed with the round
  dropPending(state, open);
  settleHold(state, open, input.outcome, effects);
  askForNextHold(state, open.signed.commitment.payer, effects);
}

function settleHold(
  state: RoundState,
  open: PendingOpen,
  outcome: Input<'held'>['outcome'],
  effects: RoundEffect[],
): void {
  if (!outcome.ok) return refuseRequest(effects, { what: 'open', to: open.from, code: outcome.code });
  const { phase } = state.facts;
  if (!isOpenForStreams(phase)) {
    const { streamId, payer } = open.signed.commitment;
    state.session.waiting.push({ kind: 'shrinkHold', streamId, account: payer, toSats: 0 });
    const code = open.superseded ? 'STREAM_TAKEN' : phaseRefusal(phase);
    return refuseRequest(effects, { what: 'open', to: open.from, code });
  }
  const slot = addStream(state, open);
  if (!open.superseded) return grant(state, slot, open.from);
  endStream(state, slot, 'replaced');
  refuseRequest(effects, { what: 'open', to: open.from, code: 'STREAM_TAKEN' });
}

function addStream(state: RoundState, open: PendingOpen): number {
  const { commitment } = open.signed;
  const viewer = state.viewers.intern(commitment.payer);
  const slot = state.streams.add({
    streamId: commitment.streamId,
    commitment,
    record: packSigned(open.signed),
    name: open.name,
    viewer,
    holdSats: open.holdSats,
    openedAtMs: state.facts.nowMs,
  });
  fitSession(state);
  state.viewers.setOpenSlot(viewer, slot);
  state.viewers.setNewestSlot(viewer, slot);
  state.totals.openStreams++;
  state.totals.committedSats += open.holdSats;
  state.session.frames.mayDrift = true;
  markRow(state, slot);
  return slot;
}

export function attachStream(state: RoundState, input: Input<'attach'>, effects: RoundEffect[]): void {
  const slot = state.streams.bySlot.get(input.streamId);
  const to = input.from;
  if (slot === undefined) return refuseRequest(effects, { what: 'attach', to, code: 'UNKNOWN_STREAM' });
  const { phase } = state.facts;
  if (phase !== 'closing' && !isOpenForStreams(phase)) {
    return refuseRequest(effects, { what: 'attach', to, code: phaseRefusal(phase), slot });
  }
  if (!state.streams.isOpen(slot))
    return refuseRequest(effects, { what: 'attach', to, code: 'UNKNOWN_STREAM', slot });
  if (!equalBytes(recordPublicKey(state.streams.record(slot)), input.publicKey)) {
    return refuseRequest(effects, { what: 'attach', to, code: 'WRONG_PAYER', slot });
  }
  const holder = linkOf(state, slot);
  if (holder !== null && !isLinkedTo(state, slot, to.edge, to.conn)) {
    const paidSats = state.streams.amount(slot, PAID);
    state.session.waiting.push({ kind: 'streamEnded', ...holder, slot, reason: 'taken', paidSats });
  }
  grant(state, slot, to);
}

/** Links the stream and tells the connection, as soon as what it is told is durable. */
function grant(state: RoundState, slot: number, to: ReplyTo): void {
  link(state, slot, { edge: to.edge, conn: to.conn });
  state.session.waiting.push({ kind: 'granted', to, grant: grantOf(state, slot) });
}

export function grantOf(state: RoundState, slot: number): StreamGrant {
  const { streams, viewers, terms } = state;
  const chains = Array.from({ length: streams.number(slot, CHAIN_COUNT) }, (_, chain) => chain);
  const watching = streams.number(slot, WATCHING);
  return {
    slot,
    streamId: streams.id(slot),
    watchFromMs: watchFromMs(state, streams.amount(slot, OPENED_AT)),
    holdSats: streams.amount(slot, HOLD),
    watchSats: streams.amount(slot, WATCH),
    paidSats: streams.amount(slot, PAID),
    tips: chains.map((chain) => ({
      index: streams.number(slot, TIPS + chain),
      word: toHex(streams.word(slot, chain)),
    })),
    chains: chains.map((chain) => ({
      unitSats: streams.number(slot, UNITS + chain),
      length: streams.chainLength(slot, chain),
    })),
    rateSatsPerSecond: terms.rateSatsPerSecond,
    vote: viewers.vote(streams.number(slot, VIEWER)),
    claps: terms.participants.map((_, target) => streams.number(slot, CLAPS + target)),
    watching: watching === NOBODY ? null : watching,
  };
}

/** Seconds count from another time than was granted: an operator has started the round early. */
export function grantAllAgain(state: RoundState): void {
  for (let slot = 0; slot < state.streams.count; slot++) {
    const holder = linkOf(state, slot);
    if (holder === null) continue;
    state.session.waiting.push({ kind: 'granted', to: { ...holder, ref: 0 }, grant: grantOf(state, slot) });
  }
}

export function detachSlots(state: RoundState, input: Input<'detach'>): void {
  for (const slot of input.slots) {
    if (isLinkedTo(state, slot, input.edge, input.conn)) unlink(state, slot);
  }
}

export function detachEdge(state: RoundState, edge: number): void {
  for (let slot = 0; slot < state.streams.count; slot++) {
    if (linkOf(state, slot)?.edge === edge) unlink(state, slot);
  }
}

/**
 * After a restore: what is left of closed streams may not have been let go of before the crash. Idempotent. Once
 * the round is over that is for settlement or refund.
 */
export function releaseClosed(state: RoundState, effects: RoundEffect[]): void {
  const { streams } = state;
  for (let slot = 0; slot < streams.count; slot++) {
    if (streams.isOpen(slot)) continue;
    effects.push(shrinkHold(state, slot));
  }
}

export function closeStream(state: RoundState, input: Input<'closeStream'>, effects: RoundEffect[]): void {
  const { slot, from } = input;
  if (!state.streams.isOpen(slot) || !isLinkedTo(state, slot, from.edge, from.conn)) {
    return refuseRequest(effects, { what: 'close', to: from, code: 'UNKNOWN_STREAM', slot });
  }
  endStream(state, slot, 'closed');
}

/** For good: no word counts any more, and what is left of the hold goes back once that is durable. */
function endStream(state: RoundState, slot: number, reason: 'closed' | 'replaced'): void {
  const { streams, viewers, totals, session } = state;
  const holder = linkOf(state, slot);
  unlink(state, slot);
  const paidSats = streams.amount(slot, PAID);
  totals.committedSats -= streams.amount(slot, HOLD) - paidSats;
  totals.openStreams--;
  session.frames.mayDrift = true;
  streams.setNumber(slot, STATUS, STREAM_CLOSED);
  streams.setAmount(slot, HOLD, paidSats);
  viewers.setOpenSlot(streams.number(slot, VIEWER), null);
  markRow(state, slot);
  if (holder !== null) session.waiting.push({ kind: 'streamEnded', ...holder, slot, reason, paidSats });
  session.waiting.push(shrinkHold(state, slot));
}

/** What the row of a closed stream has committed is all that its hold keeps. */
function shrinkHold({ streams, viewers }: RoundState, slot: number): RoundEffect {
  const account = viewers.account(streams.number(slot, VIEWER));
  return { kind: 'shrinkHold', streamId: streams.id(slot), account, toSats: streams.amount(slot, HOLD) };
}

/**
 * The round is over or cancelled. Rows stay as they are (the phase says it), holds are closed by settlement or
 * refund; connections are told when that is durable.
 */
export function endAttachments(
  state: RoundState,
  reason: Extract<StreamEndReason, 'roundOver' | 'cancelled'>,
): void {
  for (let slot = 0; slot < state.streams.count; slot++) {
    const holder = linkOf(state, slot);
    if (holder === null) continue;
    unlink(state, slot);
    const paidSats = reason === 'cancelled' ? 0 : state.streams.amount(slot, PAID);
    state.session.waiting.push({ kind: 'streamEnded', ...holder, slot, reason, paidSats });
  }
  markEvent(state);
}
