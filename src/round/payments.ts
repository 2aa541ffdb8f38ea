/**
 * Words on the ledger of a round: the hot path. Owned by the round's shard thread.
 *
 * The edge has hashed the words; everything else is checked again here, and what is decided here counts. A
 * word is cumulative, so one at or below the tip changes nothing and is no error. Per row there is no
 * allocation, no map and no string: rows are read in place and written to the flat stream rows.
 */
import { assert } from '../core/assert.ts';
import type { Code } from '../core/errors.ts';
import { type AllowanceQuery, allowance, watchBoundSats } from '../voucher/allowance.ts';
import type { RoundEffect } from './effects.ts';
import { isLinkedTo } from './links.ts';
import { markEvent, markRow, markTouched } from './marks.ts';
import { FLAG_GIFT_CONTINUES, PAYMENT_ROW_BYTES, PURPOSE_GIFT, PURPOSE_WATCH } from './payment-batch.ts';
import { refuseWord } from './refusals.ts';
import { type RoundState, isRunning, phaseRefusal, takesWords, watchFromMs } from './state.ts';
import {
  CHAIN_COUNT,
  HOLD,
  OPENED_AT,
  PAID,
  type StreamTable,
  TARGETS,
  TIPS,
  UNITS,
  VIEWER,
  WATCH,
  WORD_BYTES,
} from './stream-table.ts';

/** Of a row in a batch (payment-batch.ts). */
const INDEX_AT = 4;
const CHAIN_AT = 8;
const PURPOSE_AT = 9;
const TARGET_AT = 10;
const FLAGS_AT = 11;
const CONN_AT = 12;
const WORD_AT = 16;

export interface PaymentsInput {
  readonly edge: number;
  readonly batch: Uint8Array;
}

export function applyPayments(state: RoundState, input: PaymentsInput, effects: RoundEffect[]): void {
  const { batch, edge } = input;
  assert(batch.length % PAYMENT_ROW_BYTES === 0, 'a batch is whole rows');
  const rows = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  let at = 0;
  while (at < batch.length) {
    const isWatch = rows.getUint8(at + PURPOSE_AT) === PURPOSE_WATCH;
    const end = isWatch ? at + PAYMENT_ROW_BYTES : endOfGift(rows, at);
    const code = isWatch ? applyWatch(state, rows, edge, at) : applyGift(state, rows, edge, at, end);
    if (code !== null) {
      const to = { edge, conn: rows.getUint32(at + CONN_AT, true) };
      refuseWord(effects, { what: isWatch ? 'pay' : 'gift', to, slot: rows.getUint32(at, true), code });
    }
    at = end;
  }
}

/** Rows from `at` that are applied together or not at all. */
function endOfGift(rows: DataView, at: number): number {
  let end = at + PAYMENT_ROW_BYTES;
  while ((rows.getUint8(end - PAYMENT_ROW_BYTES + FLAGS_AT) & FLAG_GIFT_CONTINUES) !== 0) {
    if (end >= rows.byteLength) break;
    end += PAYMENT_ROW_BYTES;
  }
  return end;
}

const query: AllowanceQuery = {
  purpose: 'watch',
  index: 0,
  tipIndex: 0,
  unitSats: 0,
  length: 0,
  paidSats: 0,
  watchSats: 0,
  holdSats: 0,
  watchSatsMax: 0,
};

/** Where the words of this row may not be counted at all, and why. */
function whyNotHere(state: RoundState, rows: DataView, edge: number, at: number): Code | null {
  const { facts, streams } = state;
  const slot = rows.getUint32(at, true);
  if (!takesWords(facts.phase)) return phaseRefusal(facts.phase);
  if (!streams.isOpen(slot)) return 'UNKNOWN_STREAM';
  if (!isLinkedTo(state, slot, edge, rows.getUint32(at + CONN_AT, true))) return 'UNKNOWN_STREAM';
  return rows.getUint8(at + TARGET_AT) < streams.participants ? null : 'UNKNOWN_TARGET';
}

/** One word for watching; null when it is in order. */
function applyWatch(state: RoundState, rows: DataView, edge: number, at: number): Code | null {
  const { streams } = state;
  const refused = whyNotHere(state, rows, edge, at);
  if (refused !== null) return refused;
  if ((rows.getUint8(at + FLAGS_AT) & FLAG_GIFT_CONTINUES) !== 0) return 'BAD_FRAME';
  const slot = rows.getUint32(at, true);
  startQuery(state, slot, 'watch');
  const paidSats = query.paidSats;
  const code = checkWord(state, rows, at, slot);
  if (code !== null) return code;
  markTouched(state, slot, false);
  if (query.index <= query.tipIndex) return null;
  takeWord(streams, rows, at, slot);
  const sats = query.paidSats - paidSats;
  streams.setAmount(slot, WATCH, streams.amount(slot, WATCH) + sats);
  book(state, slot, streams.targetColumn(rows.getUint8(at + TARGET_AT), false), sats);
  return null;
}

/** The words of one gift, all or none; null when they are in order. */
function applyGift(state: RoundState, rows: DataView, edge: number, at: number, end: number): Code | null {
  const { facts, streams, session, gifts } = state;
  const refused = whyNotHere(state, rows, edge, at);
  if (refused !== null) return refused;
  if (!isOneGift(rows, at, end)) return 'BAD_FRAME';
  const slot = rows.getUint32(at, true);
  startQuery(state, slot, 'gift');
  const paidSats = query.paidSats;
  for (let row = at; row < end; row += PAYMENT_ROW_BYTES) {
    const code = checkWord(state, rows, row, slot);
    if (code !== null) return code;
  }
  const sats = query.paidSats - paidSats;
  // `closing` takes words for seconds already watched, nothing newer; a gift that is old news stays fine.
  if (sats > 0 && !isRunning(facts.phase)) return 'ROUND_OVER';
  markTouched(state, slot, true);
  if (sats === 0) return null;
  for (let row = at; row < end; row += PAYMENT_ROW_BYTES) takeWord(streams, rows, row, slot);
  const target = rows.getUint8(at + TARGET_AT);
  book(state, slot, streams.targetColumn(target, true), sats);
  gifts.add({ slot, target, sats, atMs: facts.nowMs });
  session.frames.supportersMoved = true;
  markEvent(state);
  return null;
}

/** Same stream, target and connection; at most one row a chain; not cut off. */
function isOneGift(rows: DataView, at: number, end: number): boolean {
  let chains = 0;
  for (let row = at; row < end; row += PAYMENT_ROW_BYTES) {
    const chain = 1 << rows.getUint8(row + CHAIN_AT);
    if ((chains & chain) !== 0) return false;
    chains |= chain;
    if (rows.getUint8(row + PURPOSE_AT) !== PURPOSE_GIFT) return false;
    if (rows.getUint8(row + TARGET_AT) !== rows.getUint8(at + TARGET_AT)) return false;
    if (rows.getUint32(row, true) !== rows.getUint32(at, true)) return false;
    if (rows.getUint32(row + CONN_AT, true) !== rows.getUint32(at + CONN_AT, true)) return false;
  }
  return (rows.getUint8(end - PAYMENT_ROW_BYTES + FLAGS_AT) & FLAG_GIFT_CONTINUES) === 0;
}

function startQuery(state: RoundState, slot: number, purpose: 'watch' | 'gift'): void {
  const { streams } = state;
  query.purpose = purpose;
  query.paidSats = streams.amount(slot, PAID);
  query.watchSats = streams.amount(slot, WATCH);
  query.holdSats = streams.amount(slot, HOLD);
  query.watchSatsMax = purpose === 'watch' ? watchBound(state, slot) : 0;
}

const bound: { nowMs: number; watchFromMs: number; endsAtMs: number | null; rateSatsPerSecond: number } = {
  nowMs: 0,
  watchFromMs: 0,
  endsAtMs: null,
  rateSatsPerSecond: 0,
};

function watchBound(state: RoundState, slot: number): number {
  const { facts, terms } = state;
  bound.nowMs = facts.nowMs;
  bound.watchFromMs = watchFromMs(state, state.streams.amount(slot, OPENED_AT));
  bound.endsAtMs = facts.endedAtMs ?? facts.endsAtMs;
  bound.rateSatsPerSecond = terms.rateSatsPerSecond;
  return watchBoundSats(bound);
}

/** One word against the tip of its chain; adds its sats to the query, for the words that come after. */
function checkWord(state: RoundState, rows: DataView, row: number, slot: number): Code | null {
  const { streams } = state;
  const chain = rows.getUint8(row + CHAIN_AT);
  if (chain >= streams.number(slot, CHAIN_COUNT)) return 'UNKNOWN_CHAIN';
  query.index = rows.getUint32(row + INDEX_AT, true);
  query.tipIndex = streams.number(slot, TIPS + chain);
  query.unitSats = streams.number(slot, UNITS + chain);
  query.length = streams.chainLength(slot, chain);
  const allowed = allowance(query);
  if (!allowed.ok) return allowed.code;
  if (query.index === query.tipIndex && !isTip(streams, rows, row, slot)) return 'BAD_WORD';
  query.paidSats += allowed.sats;
  query.watchSats += allowed.sats;
  return null;
}

function isTip(streams: StreamTable, rows: DataView, row: number, slot: number): boolean {
  const { wordView } = streams;
  const tip = streams.wordOffset(slot, rows.getUint8(row + CHAIN_AT));
  for (let i = 0; i < WORD_BYTES; i += 4) {
    if (rows.getInt32(row + WORD_AT + i, true) !== wordView.getInt32(tip + i, true)) return false;
  }
  return true;
}

/** The word becomes the tip of its chain, unless it is old news. */
function takeWord(streams: StreamTable, rows: DataView, row: number, slot: number): void {
  const chain = rows.getUint8(row + CHAIN_AT);
  const index = rows.getUint32(row + INDEX_AT, true);
  if (index <= streams.number(slot, TIPS + chain)) return;
  streams.setNumber(slot, TIPS + chain, index);
  const { wordView } = streams;
  const to = streams.wordOffset(slot, chain);
  for (let i = 0; i < WORD_BYTES; i += 4) {
    wordView.setInt32(to + i, rows.getInt32(row + WORD_AT + i, true), true);
  }
}

/** The same sats on the stream, its column of the target, the viewer and the participant. */
function book(state: RoundState, slot: number, column: number, sats: number): void {
  const { streams, viewers, totals, session } = state;
  const target = (column - TARGETS) % streams.participants;
  streams.setAmount(slot, PAID, streams.amount(slot, PAID) + sats);
  streams.setAmount(slot, column, streams.amount(slot, column) + sats);
  viewers.addPaid(streams.number(slot, VIEWER), sats);
  totals.sats[target] = (totals.sats[target] as number) + sats;
  session.scoresMoved = true;
  markRow(state, slot);
}
