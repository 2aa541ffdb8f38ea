/**
 * A stream as the leaf of the Merkle-sum tree: one spelling per stream. Little-endian; `string` and `blob` are
 * a length (u16 and u32) and that many bytes.
 *
 *   "RSL" | u8 version 1 | blob commitment | 33 public key | 64 signature | string name
 *   | u8 chains | each: u32 index, 32 word
 *   | u8 participants | each: u64 watch sats, u64 gift sats
 *   | u64 paid sats | u64 hold sats
 */
import { assert } from '../core/assert.ts';
import { ByteReader, ByteWriter, TruncatedError, equalBytes, utf8 } from '../core/bytes.ts';
import { LIMITS } from '../core/limits.ts';
import { type Sats, isSats } from '../core/sats.ts';
import type { StatementStream } from '../round/statement.ts';
import { decodeCommitment } from '../voucher/commitment.ts';

const MAGIC = utf8('RSL');
const VERSION = 1;

export function encodeLeaf(stream: StatementStream): Uint8Array {
  const out = new ByteWriter(512);
  writeLeaf(out, stream);
  return out.finish();
}

export function writeLeaf(out: ByteWriter, stream: StatementStream): void {
  const { bytes, publicKey, signature } = stream.signed;
  assert(publicKey.length === 33 && signature.length === 64, 'a key has 33 bytes and a signature 64');
  out.bytes(MAGIC).u8(VERSION);
  out.blob(bytes).bytes(publicKey).bytes(signature).string(stream.name).u8(stream.tips.length);
  for (const { index, word } of stream.tips) {
    assert(word.length === 32, 'a word has 32 bytes');
    out.u32(index).bytes(word);
  }
  out.u8(stream.targets.length);
  for (const { watchSats, giftSats } of stream.targets) out.u64(watchSats).u64(giftSats);
  out.u64(stream.paidSats).u64(stream.holdSats);
}

/** Of a leaf that `encodeLeaf` made, without reading the rest. */
export function paidSatsOfLeaf(leaf: Uint8Array): Sats {
  return readSats(new ByteReader(leaf.subarray(-16)));
}

/** Undefined when the bytes are not exactly one leaf with a commitment that can be read. */
export function decodeLeaf(bytes: Uint8Array): StatementStream | undefined {
  try {
    const input = new ByteReader(bytes);
    const stream = readLeaf(input);
    return input.remaining === 0 ? stream : undefined;
  } catch (error) {
    if (error instanceof TruncatedError) return undefined;
    throw error;
  }
}

function readLeaf(input: ByteReader): StatementStream | undefined {
  if (!equalBytes(input.bytes(MAGIC.length), MAGIC) || input.u8() !== VERSION) return undefined;
  const bytes = input.blob();
  const decoded = decodeCommitment(bytes);
  if (!decoded.ok) return undefined;
  const publicKey = input.bytes(33);
  const signature = input.bytes(64);
  const name = input.string();
  const tips = readMany(input, LIMITS.chainsMax, () => ({ index: input.u32(), word: input.bytes(32) }));
  const targets = readMany(input, LIMITS.participantsMax, () => ({
    watchSats: readSats(input),
    giftSats: readSats(input),
  }));
  const signed = { commitment: decoded.commitment, bytes, publicKey, signature };
  return { signed, name, tips, targets, paidSats: readSats(input), holdSats: readSats(input) };
}

/** A count (u8) and that many items. */
function readMany<T>(input: ByteReader, max: number, read: () => T): T[] {
  const count = input.u8();
  if (count > max) throw new TruncatedError(`${count} items, at most ${max}`);
  return Array.from({ length: count }, read);
}

export function readSats(input: ByteReader): Sats {
  const value = input.u64();
  if (!isSats(value)) throw new TruncatedError(`not an amount at ${input.offset}`);
  return value;
}
