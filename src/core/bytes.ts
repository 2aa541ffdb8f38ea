/** Byte helpers and the little-endian reader and writer of every fixed layout in this project. */
import { assert } from './assert.ts';

/** SHA-256 as a function; rooms without a platform get it passed in. */
export type Sha256 = (data: Uint8Array) => Uint8Array;

const HEX_DIGITS: Uint8Array = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
/** Value of each ASCII code as a hex digit; 255: it is none. */
const HEX_VALUES: Uint8Array = new Uint8Array(128).fill(255);
for (const [value, code] of HEX_DIGITS.entries()) HEX_VALUES[code] = value;
const asciiDecoder = new TextDecoder('latin1');

export function toHex(bytes: Uint8Array): string {
  return hexOf(bytes, 0, bytes.length);
}

/** By way of one decoded buffer: growing a string digit by digit takes five times as long. */
function hexOf(bytes: Uint8Array, from: number, to: number): string {
  const digits = new Uint8Array(2 * (to - from));
  for (let at = from, digit = 0; at < to; at++) {
    const byte = bytes[at] as number;
    digits[digit++] = HEX_DIGITS[byte >> 4] as number;
    digits[digit++] = HEX_DIGITS[byte & 15] as number;
  }
  return asciiDecoder.decode(digits);
}

/** Lower-case hex only, so that every value has one spelling. Undefined when it is not that. */
export function tryFromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) {
    const high = HEX_VALUES[text.charCodeAt(2 * i)] ?? 255;
    const low = HEX_VALUES[text.charCodeAt(2 * i + 1)] ?? 255;
    if (high === 255 || low === 255) return undefined;
    out[i] = (high << 4) | low;
  }
  return out;
}

/** For values already known to be hex; asserts. */
export function fromHex(text: string): Uint8Array {
  const bytes = tryFromHex(text);
  assert(bytes !== undefined, 'not lower-case hex');
  return bytes;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const utf8Encoder = new TextEncoder();
/** A byte order mark is a character like any other: left out, two byte strings would be one text. */
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const SHORT_CHARS_MAX = 64;

export function utf8(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}

/** What most names are. TextEncoder takes 350 nanoseconds for one, more than all the rest of a stream's row in a snapshot. */
function isShortAscii(text: string): boolean {
  if (text.length > SHORT_CHARS_MAX) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Grows as needed; all integers little-endian. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#at;
  }

  #room(count: number): number {
    const at = this.#at;
    this.#at = at + count;
    if (this.#at > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#at, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }

  u8(value: number): this {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xff, 'u8 out of range');
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xffff, 'u16 out of range');
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xffffffff, 'u32 out of range');
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** A safe non-negative integer in 8 bytes. */
  u64(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, 'u64 out of range');
    const at = this.#room(8);
    this.#view.setUint32(at, value % 0x1_0000_0000, true);
    this.#view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** `count` bytes of `source` from `from` on: for a few of them cheaper than a view to be copied from. */
  bytesOf(source: Uint8Array, from: number, count: number): this {
    const at = this.#room(count);
    for (let i = 0; i < count; i++) this.#bytes[at + i] = source[from + i] as number;
    return this;
  }

  /** u16 byte length, then UTF-8. */
  string(value: string): this {
    if (!isShortAscii(value)) {
      const encoded = utf8(value);
      return this.u16(encoded.length).bytes(encoded);
    }
    this.u16(value.length);
    const at = this.#room(value.length);
    for (let i = 0; i < value.length; i++) this.#bytes[at + i] = value.charCodeAt(i);
    return this;
  }

  /** u32 length, then the bytes. */
  blob(value: Uint8Array): this {
    return this.u32(value.length).bytes(value);
  }

  /** A blob of what `write` writes here: without a buffer of its own for each of many. */
  blobOf(write: (out: ByteWriter) => void): this {
    const at = this.#room(4);
    write(this);
    this.#view.setUint32(at, this.#at - at - 4, true);
    return this;
  }

  /** Forgets what was written and keeps the room, for a writer that many values go through. */
  reset(): this {
    this.#at = 0;
    return this;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }
}

/** Thrown by ByteReader only; every decoder catches it at its edge and answers with a coded error. */
export class TruncatedError extends Error {
  override readonly name = 'TruncatedError';
}

/** Reads what ByteWriter writes. Throws TruncatedError when the input is too short or not valid. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // A plain array over the same memory: `slice` of a Node Buffer is a view, and `bytes` promises a copy.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) throw new TruncatedError(`needs ${count} bytes at ${at}`);
    this.#at = at + count;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): number {
    const at = this.#take(8);
    const value = this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 0x1_0000_0000;
    if (!Number.isSafeInteger(value)) throw new TruncatedError(`u64 beyond 2^53 at ${at}`);
    return value;
  }

  /** A copy, so that it outlives the buffer it was read from. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.slice(at, at + count);
  }

  /** Over the input itself, for what is used up at once: a copy of more than 64 bytes is memory of its own in Node. */
  view(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** For a few bytes cheaper than a view to be copied from. */
  copyTo(target: Uint8Array, at: number, count: number): void {
    const from = this.#take(count);
    for (let i = 0; i < count; i++) target[at + i] = this.#bytes[from + i] as number;
  }

  hex(bytes: number): string {
    const at = this.#take(bytes);
    return hexOf(this.#bytes, at, at + bytes);
  }

  string(): string {
    const at = this.#at;
    try {
      return utf8Decoder.decode(this.view(this.u16()));
    } catch (error) {
      if (error instanceof TruncatedError) throw error;
      throw new TruncatedError(`not UTF-8 at ${at}`);
    }
  }

  blob(): Uint8Array {
    return this.bytes(this.u32());
  }
}
