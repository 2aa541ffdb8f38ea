/**
 * The bytes of snapshots and segments, versioned. Canonical: one state has one snapshot. Both have one layout;
 * a snapshot carries every stream, a segment those that changed since the segment before. All values are
 * absolute, so applying a segment twice changes nothing. Little-endian.
 *
 *   "RSS" (snapshot) or "RSD" (segment) | version u8 = 1 | seq u64 | round id string | participants u8
 *   facts | totals | gifts | stream count u32 | rows u32, then per row (row-codec.ts)
 *
 * The totals are a check: they have to be what the rows add up to.
 */
import { assert } from '../core/assert.ts';
import { ByteReader, ByteWriter, fromHex, toHex, utf8 } from '../core/bytes.ts';
import type { Txid } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { GiftRow } from './gift-log.ts';
import { readAmount, readRow, readTime, writeRow } from './row-codec.ts';
import type { RoundFacts, RoundState } from './state.ts';
import { PHASES } from './terms.ts';

const VERSION = 1;
const SNAPSHOT_MAGIC = 'RSS';
const SEGMENT_MAGIC = 'RSD';
const SETTLEMENT_STATES = ['planned', 'accepted', 'mined', 'refunded'] as const;
const TXID_BYTES = 32;
/** Less than any row that is new to a save has: no more room is made than bytes can fill. */
const NEW_ROW_BYTES_MIN = 128;

/** The whole of the state that is saved, as it is now, under the number of the last save that was begun. */
export function encodeSnapshot(state: RoundState): Uint8Array {
  const out = new ByteWriter(1024 + state.streams.count * 512);
  writeHead(out, state, SNAPSHOT_MAGIC);
  writeGifts(out, state.gifts.count, state.gifts.recent());
  out.u32(state.streams.count).u32(state.streams.count);
  for (let slot = 0; slot < state.streams.count; slot++) writeRow(out, state.streams, slot, true);
  return out.finish();
}

/** All segments of a thread go through one writer: a new buffer for each was most of what a busy shard allocated. */
const segments = new ByteWriter();

/** `slots` are those that changed since the segment before; a row that is new there carries what is fixed too. */
export function encodeSegment(
  state: RoundState,
  change: { readonly slots: readonly number[]; readonly newFrom: number; readonly giftsFrom: number },
): Uint8Array {
  const out = segments.reset();
  writeHead(out, state, SEGMENT_MAGIC);
  const gifts = state.gifts.recent().filter((gift) => gift.no > change.giftsFrom);
  writeGifts(out, state.gifts.count, gifts);
  out.u32(state.streams.count).u32(change.slots.length);
  for (const slot of change.slots) writeRow(out, state.streams, slot, slot >= change.newFrom);
  return out.finish();
}

function writeHead(out: ByteWriter, state: RoundState, magic: string): void {
  out.bytes(utf8(magic)).u8(VERSION).u64(state.saves.seq);
  out.string(state.terms.roundId).u8(state.terms.participants.length);
  writeFacts(out, state.facts);
  for (const index of state.terms.participants.keys()) {
    const { sats, votes, claps } = state.totals;
    out
      .u64(sats[index] as number)
      .u64(votes[index] as number)
      .u64(claps[index] as number);
  }
}

function writeFacts(out: ByteWriter, facts: RoundFacts): void {
  out.u8(PHASES.indexOf(facts.phase)).u64(facts.nowMs).u64(facts.startsAtMs);
  for (const time of [facts.startedAtMs, facts.endsAtMs, facts.endedAtMs, facts.cutoffAtMs]) {
    writeOptional(out, time);
  }
  out.u16(facts.overtimeCount).u32(facts.height).string(facts.cancelReason);
  const { settlement } = facts;
  out.u8(settlement === null ? 0 : 1 + SETTLEMENT_STATES.indexOf(settlement.status));
  if (settlement === null) return;
  out.u16(settlement.txids.length);
  for (const txid of settlement.txids) out.bytes(fromHex(txid));
}

function writeOptional(out: ByteWriter, value: number | null): void {
  if (value === null) out.u8(0);
  else out.u8(1).u64(value);
}

function writeGifts(out: ByteWriter, count: number, gifts: readonly GiftRow[]): void {
  out.u64(count).u8(gifts.length);
  for (const gift of gifts) out.u64(gift.no).u32(gift.slot).u8(gift.target).u64(gift.sats).u64(gift.atMs);
}

/**
 * Brings the state to where the save was made; returns the save's number. Throws TruncatedError for bytes that
 * are too short and asserts that they are a save of this round and add up: neither can be without a fault of
 * the store or a bug. Only stream rows, facts and gifts are set; the caller derives the rest.
 */
export function applySave(state: RoundState, bytes: Uint8Array, kind: 'snapshot' | 'segment'): SaveHead {
  const input = new ByteReader(bytes);
  const magic = String.fromCharCode(...input.bytes(3));
  assert(magic === (kind === 'snapshot' ? SNAPSHOT_MAGIC : SEGMENT_MAGIC), `the bytes are no ${kind}`);
  const version = input.u8();
  assert(version === VERSION, `version ${version} of a save is not known here`);
  const seq = input.u64();
  assert(input.string() === state.terms.roundId, 'the save is of another round');
  const participants = input.u8();
  assert(participants === state.terms.participants.length, 'the save fits the terms');
  readFacts(input, state.facts);
  const totals = Array.from({ length: participants }, () => ({
    sats: input.u64(),
    votes: input.u64(),
    claps: input.u64(),
  }));
  readGifts(input, state);
  const streams = input.u32();
  const rows = input.u32();
  assert(kind === 'segment' || rows === streams, 'a snapshot has every stream');
  state.streams.reserve(Math.min(streams, Math.floor(input.remaining / NEW_ROW_BYTES_MIN)));
  for (let row = 0; row < rows; row++) readRow(input, state.streams, state.viewers);
  assert(input.remaining === 0, 'the save ends where its rows end');
  assert(state.streams.count === streams, 'no stream is missing between saves');
  return { seq, totals };
}

export interface SaveHead {
  readonly seq: number;
  /** By participant. */
  readonly totals: readonly { readonly sats: number; readonly votes: number; readonly claps: number }[];
}

function readFacts(input: ByteReader, facts: RoundFacts): void {
  const phase = PHASES[input.u8()];
  assert(phase !== undefined, 'the phase of a save is known');
  facts.phase = phase;
  facts.nowMs = readTime(input);
  facts.startsAtMs = readTime(input);
  facts.startedAtMs = readOptional(input);
  facts.endsAtMs = readOptional(input);
  facts.endedAtMs = readOptional(input);
  facts.cutoffAtMs = readOptional(input);
  facts.overtimeCount = input.u16();
  facts.height = input.u32();
  facts.cancelReason = input.string();
  const status = input.u8();
  facts.settlement = null;
  if (status === 0) return;
  const settlement = SETTLEMENT_STATES[status - 1];
  assert(settlement !== undefined, 'the settlement status of a save is known');
  const txids = Array.from({ length: input.u16() }, () => toHex(input.bytes(TXID_BYTES)) as Txid);
  facts.settlement = { status: settlement, txids };
}

function readOptional(input: ByteReader): number | null {
  const present = input.u8();
  assert(present <= 1, 'a time is there or not');
  return present === 0 ? null : readTime(input);
}

function readGifts(input: ByteReader, state: RoundState): void {
  const count = input.u64();
  const gifts: GiftRow[] = Array.from({ length: input.u8() }, () => ({
    no: input.u64(),
    slot: input.u32(),
    target: input.u8(),
    sats: readAmount(input),
    atMs: readTime(input),
  }));
  const first = count - gifts.length;
  assert(first >= 0 && count >= state.gifts.count, 'gifts are counted up');
  assert(
    first <= state.gifts.count || gifts.length === LIMITS.giftsShown,
    'no gift is missing between saves',
  );
  for (const [index, gift] of gifts.entries()) assert(gift.no === first + 1 + index, 'gifts are in order');
  state.gifts.restore(count, gifts);
}
