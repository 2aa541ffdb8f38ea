/**
 * One stream row as bytes, for snapshots and segments. Little-endian.
 *
 *   slot u32 | has fixed part u8
 *   fixed:    record blob (static-record.ts) | name string | openedAtMs u64
 *   moving:   status u8 | hold u64 | paid u64 | watch u64 | watching u8 | vote u8
 *             chain mask u8, per set bit: tip u32, word 32
 *             watch mask u16, per set bit: sats u64;  gift mask u16, likewise
 *             clap mask u16, per set bit: count u32
 *
 * A mask has a bit for each value that is not zero.
 */
import { assert } from '../core/assert.ts';
import type { ByteReader, ByteWriter } from '../core/bytes.ts';
import { isSats } from '../core/sats.ts';
import { recordCommitment } from './static-record.ts';
import {
  CHAIN_COUNT,
  CLAPS,
  HOLD,
  NOBODY,
  OPENED_AT,
  PAID,
  STATUS,
  STREAM_CLOSED,
  STREAM_OPEN,
  type StreamTable,
  TIPS,
  VOTE,
  WATCH,
  WATCHING,
  WORD_BYTES,
} from './stream-table.ts';
import type { ViewerTable } from './viewer-table.ts';

/** The last moment of a Date: what is added to a time stays a safe integer. */
const TIME_MS_MAX = 8_640_000_000_000_000;

export function writeRow(out: ByteWriter, streams: StreamTable, slot: number, fixed: boolean): void {
  out.u32(slot).u8(fixed ? 1 : 0);
  if (fixed) {
    out.blob(streams.record(slot)).string(streams.name(slot)).u64(streams.amount(slot, OPENED_AT));
  }
  out.u8(streams.number(slot, STATUS));
  out.u64(streams.amount(slot, HOLD)).u64(streams.amount(slot, PAID)).u64(streams.amount(slot, WATCH));
  out.u8(streams.number(slot, WATCHING)).u8(streams.number(slot, VOTE));
  writeTips(out, streams, slot);
  writeSats(out, streams, slot, streams.targetColumn(0, false));
  writeSats(out, streams, slot, streams.targetColumn(0, true));
  writeClaps(out, streams, slot);
}

// A save of a large round has thousands of rows, and words wait for it: nothing is allocated for a row.

function writeTips(out: ByteWriter, streams: StreamTable, slot: number): void {
  const chains = streams.number(slot, CHAIN_COUNT);
  let mask = 0;
  for (let chain = 0; chain < chains; chain++) {
    if (streams.number(slot, TIPS + chain) !== 0) mask |= 1 << chain;
  }
  out.u8(mask);
  for (let chain = 0; chain < chains; chain++) {
    if ((mask & (1 << chain)) === 0) continue;
    out.u32(streams.number(slot, TIPS + chain));
    out.bytesOf(streams.words, streams.wordOffset(slot, chain), WORD_BYTES);
  }
}

function writeSats(out: ByteWriter, streams: StreamTable, slot: number, column: number): void {
  let mask = 0;
  for (let target = 0; target < streams.participants; target++) {
    if (streams.amount(slot, column + target) !== 0) mask |= 1 << target;
  }
  out.u16(mask);
  for (let target = 0; target < streams.participants; target++) {
    if ((mask & (1 << target)) !== 0) out.u64(streams.amount(slot, column + target));
  }
}

function writeClaps(out: ByteWriter, streams: StreamTable, slot: number): void {
  let mask = 0;
  for (let target = 0; target < streams.participants; target++) {
    if (streams.number(slot, CLAPS + target) !== 0) mask |= 1 << target;
  }
  out.u16(mask);
  for (let target = 0; target < streams.participants; target++) {
    if ((mask & (1 << target)) !== 0) out.u32(streams.number(slot, CLAPS + target));
  }
}

/** Sets the row, which is new to the table only when it has the fixed part. Asserts that it is one of `writeRow`. */
export function readRow(input: ByteReader, streams: StreamTable, viewers: ViewerTable): void {
  const slot = input.u32();
  const fixed = input.u8();
  assert(fixed <= 1, 'a row has its fixed part or not');
  if (fixed === 1) readFixed(input, slot, streams, viewers);
  assert(slot < streams.count, 'a row that is new to a save has its fixed part');
  const status = input.u8();
  assert(status === STREAM_OPEN || status === STREAM_CLOSED, 'a stream is open or closed');
  streams.setNumber(slot, STATUS, status);
  streams.setAmount(slot, HOLD, readAmount(input));
  streams.setAmount(slot, PAID, readAmount(input));
  streams.setAmount(slot, WATCH, readAmount(input));
  streams.setNumber(slot, WATCHING, readTarget(input, streams));
  streams.setNumber(slot, VOTE, readTarget(input, streams));
  readTips(input, streams, slot);
  readSats(input, streams, slot, streams.targetColumn(0, false));
  readSats(input, streams, slot, streams.targetColumn(0, true));
  readClaps(input, streams, slot);
}

function readTips(input: ByteReader, streams: StreamTable, slot: number): void {
  const chains = streams.number(slot, CHAIN_COUNT);
  const mask = maskOf(input.u8(), chains);
  for (let chain = 0; chain < chains; chain++) {
    if ((mask & (1 << chain)) === 0) continue; // a tip never goes back to the anchor
    streams.setNumber(slot, TIPS + chain, notZero(input.u32()));
    input.copyTo(streams.words, streams.wordOffset(slot, chain), WORD_BYTES);
  }
}

function readSats(input: ByteReader, streams: StreamTable, slot: number, column: number): void {
  const mask = maskOf(input.u16(), streams.participants);
  for (let target = 0; target < streams.participants; target++) {
    const isThere = (mask & (1 << target)) !== 0;
    streams.setAmount(slot, column + target, isThere ? notZero(readAmount(input)) : 0);
  }
}

function readClaps(input: ByteReader, streams: StreamTable, slot: number): void {
  const mask = maskOf(input.u16(), streams.participants);
  for (let target = 0; target < streams.participants; target++) {
    const isThere = (mask & (1 << target)) !== 0;
    streams.setNumber(slot, CLAPS + target, isThere ? notZero(input.u32()) : 0);
  }
}

export function readAmount(input: ByteReader): number {
  const sats = input.u64();
  assert(isSats(sats), 'an amount is not more than can exist');
  return sats;
}

export function readTime(input: ByteReader): number {
  const timeMs = input.u64();
  assert(timeMs <= TIME_MS_MAX, 'a time is one that a calendar has');
  return timeMs;
}

function readTarget(input: ByteReader, streams: StreamTable): number {
  const target = input.u8();
  assert(target < streams.participants || target === NOBODY, 'a target is a participant or nobody');
  return target;
}

function maskOf(mask: number, count: number): number {
  assert(mask >>> count === 0, 'a mask has no values beyond the last');
  return mask;
}

function notZero(value: number): number {
  assert(value !== 0, 'what is zero is not written');
  return value;
}

function readFixed(input: ByteReader, slot: number, streams: StreamTable, viewers: ViewerTable): void {
  const record = input.view(input.u32());
  const name = input.string();
  const openedAtMs = readTime(input);
  if (slot < streams.count) return;
  assert(slot === streams.count, 'slots are given in order');
  const commitment = recordCommitment(record);
  const viewer = viewers.intern(commitment.payer);
  const { streamId } = commitment;
  streams.add({ streamId, commitment, record, name, viewer, holdSats: 0, openedAtMs });
}
