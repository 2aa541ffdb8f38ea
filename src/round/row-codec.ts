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
import { unpackSigned } from './static-record.ts';
import {
  CHAIN_COUNT,
  CLAPS,
  HOLD,
  OPENED_AT,
  PAID,
  STATUS,
  type StreamTable,
  TIPS,
  VOTE,
  WATCH,
  WATCHING,
  WORD_BYTES,
} from './stream-table.ts';
import type { ViewerTable } from './viewer-table.ts';

export function writeRow(out: ByteWriter, streams: StreamTable, slot: number, fixed: boolean): void {
  out.u32(slot).u8(fixed ? 1 : 0);
  if (fixed) {
    out.blob(streams.record(slot)).string(streams.name(slot)).u64(streams.amount(slot, OPENED_AT));
  }
  out.u8(streams.number(slot, STATUS));
  out.u64(streams.amount(slot, HOLD)).u64(streams.amount(slot, PAID)).u64(streams.amount(slot, WATCH));
  out.u8(streams.number(slot, WATCHING)).u8(streams.number(slot, VOTE));
  writeTips(out, streams, slot);
  for (const gift of [false, true]) {
    const column = streams.targetColumn(0, gift);
    const mask = maskOf(streams.participants, (target) => streams.amount(slot, column + target));
    out.u16(mask);
    for (let target = 0; target < streams.participants; target++) {
      if ((mask & (1 << target)) !== 0) out.u64(streams.amount(slot, column + target));
    }
  }
  const claps = maskOf(streams.participants, (target) => streams.number(slot, CLAPS + target));
  out.u16(claps);
  for (let target = 0; target < streams.participants; target++) {
    if ((claps & (1 << target)) !== 0) out.u32(streams.number(slot, CLAPS + target));
  }
}

function writeTips(out: ByteWriter, streams: StreamTable, slot: number): void {
  const chains = streams.number(slot, CHAIN_COUNT);
  const mask = maskOf(chains, (chain) => streams.number(slot, TIPS + chain));
  out.u8(mask);
  for (let chain = 0; chain < chains; chain++) {
    if ((mask & (1 << chain)) === 0) continue;
    const at = streams.wordOffset(slot, chain);
    out.u32(streams.number(slot, TIPS + chain)).bytes(streams.words.subarray(at, at + WORD_BYTES));
  }
}

function maskOf(count: number, value: (index: number) => number): number {
  let mask = 0;
  for (let index = 0; index < count; index++) if (value(index) !== 0) mask |= 1 << index;
  return mask;
}

/** Sets the row, which is new to the table only when it has the fixed part. */
export function readRow(input: ByteReader, streams: StreamTable, viewers: ViewerTable): void {
  const slot = input.u32();
  if (input.u8() === 1) readFixed(input, slot, streams, viewers);
  assert(slot < streams.count, 'a row that is new to a save has its fixed part');
  streams.setNumber(slot, STATUS, input.u8());
  streams.setAmount(slot, HOLD, input.u64());
  streams.setAmount(slot, PAID, input.u64());
  streams.setAmount(slot, WATCH, input.u64());
  streams.setNumber(slot, WATCHING, input.u8());
  streams.setNumber(slot, VOTE, input.u8());
  readTips(input, streams, slot);
  for (const gift of [false, true]) {
    const column = streams.targetColumn(0, gift);
    const mask = input.u16();
    for (let target = 0; target < streams.participants; target++) {
      streams.setAmount(slot, column + target, (mask & (1 << target)) === 0 ? 0 : input.u64());
    }
  }
  const claps = input.u16();
  for (let target = 0; target < streams.participants; target++) {
    streams.setNumber(slot, CLAPS + target, (claps & (1 << target)) === 0 ? 0 : input.u32());
  }
}

function readFixed(input: ByteReader, slot: number, streams: StreamTable, viewers: ViewerTable): void {
  const record = input.blob();
  const name = input.string();
  const openedAtMs = input.u64();
  if (slot < streams.count) return;
  assert(slot === streams.count, 'slots are given in order');
  const { commitment } = unpackSigned(record);
  const viewer = viewers.intern(commitment.payer);
  const { streamId } = commitment;
  streams.add({ streamId, commitment, record, name, viewer, holdSats: 0, openedAtMs });
}

function readTips(input: ByteReader, streams: StreamTable, slot: number): void {
  const mask = input.u8();
  for (let chain = 0; chain < streams.number(slot, CHAIN_COUNT); chain++) {
    if ((mask & (1 << chain)) === 0) continue;
    streams.setNumber(slot, TIPS + chain, input.u32());
    streams.words.set(input.bytes(WORD_BYTES), streams.wordOffset(slot, chain));
  }
}
