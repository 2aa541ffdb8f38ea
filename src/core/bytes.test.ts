import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AssertionFailure } from './assert.ts';
import {
  ByteReader,
  ByteWriter,
  TruncatedError,
  concatBytes,
  equalBytes,
  fromHex,
  toHex,
  tryFromHex,
} from './bytes.ts';

describe('hex', () => {
  it('round-trips any bytes and agrees with the platform', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
        expect(fromHex(toHex(bytes))).toEqual(bytes);
      }),
    );
  });

  it('has one spelling: upper case, odd lengths and other characters are not hex', () => {
    expect(tryFromHex('AB')).toBeUndefined();
    expect(tryFromHex('abc')).toBeUndefined();
    expect(tryFromHex('zz')).toBeUndefined();
    expect(() => fromHex('0x')).toThrow(AssertionFailure);
  });
});

describe('ByteWriter and ByteReader', () => {
  it('read back what was written, whatever the capacity', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.nat(0xff),
        fc.nat(0xffff),
        fc.nat(0xffffffff),
        fc.maxSafeNat(),
        fc.string(),
        fc.uint8Array(),
        (capacity, a, b, c, d, text, blob) => {
          const bytes = new ByteWriter(capacity).u8(a).u16(b).u32(c).u64(d).string(text).blob(blob).finish();
          const reader = new ByteReader(bytes);
          expect([reader.u8(), reader.u16(), reader.u32(), reader.u64(), reader.string()]).toEqual([
            a,
            b,
            c,
            d,
            text.toWellFormed(),
          ]);
          expect(reader.blob()).toEqual(blob);
          expect(reader.remaining).toBe(0);
        },
      ),
    );
  });

  it('are little-endian', () => {
    expect(toHex(new ByteWriter().u16(1).u32(2).u64(3).finish())).toBe('0100020000000300000000000000');
  });

  it('throw TruncatedError, and nothing else, on any shorter input', () => {
    const bytes = new ByteWriter().u64(7).string('seven').blob(new Uint8Array(7)).finish();
    for (let length = 0; length < bytes.length; length++) {
      const reader = new ByteReader(bytes.subarray(0, length));
      expect(() => {
        reader.u64();
        reader.string();
        reader.blob();
      }).toThrow(TruncatedError);
    }
  });

  it('refuse integers beyond 2^53 and text that is not UTF-8', () => {
    expect(() => new ByteReader(new Uint8Array(8).fill(0xff)).u64()).toThrow(TruncatedError);
    expect(() => new ByteReader(Uint8Array.of(1, 0, 0xff)).string()).toThrow(TruncatedError);
    expect(() => new ByteWriter().u8(256)).toThrow(AssertionFailure);
    expect(() => new ByteWriter().u64(-1)).toThrow(AssertionFailure);
  });

  it('hand out copies that outlive the buffer they came from', () => {
    const source = Uint8Array.of(1, 2, 3);
    const copy = new ByteReader(source).bytes(3);
    source.fill(0);
    expect(equalBytes(copy, Uint8Array.of(1, 2, 3))).toBe(true);
    expect(concatBytes([copy, copy]).length).toBe(6);
  });

  it('hand out copies also of a Buffer, whose own slice is a view', () => {
    const pool = Buffer.of(9, 1, 2, 3);
    const copy = new ByteReader(pool.subarray(1)).bytes(3);
    pool.fill(0);
    expect(copy).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('writes a text as its length in UTF-8 and the same bytes as TextEncoder, whatever is in it', () => {
    for (const text of ['', 'Vera', 'a'.repeat(64), 'a'.repeat(65), 'Zoë', '\u007f', '\u0080', '🎤 mic']) {
      const encoded = new TextEncoder().encode(text);
      const expected = new ByteWriter().u16(encoded.length).bytes(encoded).finish();
      expect(new ByteWriter(1).string(text).finish()).toEqual(expected);
    }
  });

  it('read text as it was written, a byte order mark too', () => {
    const bytes = new ByteWriter().string('\ufeffname').finish();
    const read = new ByteReader(bytes).string();
    expect(read).toBe('\ufeffname');
    expect(new ByteWriter().string(read).finish()).toEqual(bytes);
  });

  it('write a blob in place as they write one that was made before', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array({ maxLength: 600 }), (before, inside) => {
        const inPlace = new ByteWriter(1).bytes(before).blobOf((out) => void out.u8(7).blob(inside));
        const made = new ByteWriter().u8(7).blob(inside).finish();
        expect(inPlace.u8(9).finish()).toEqual(new ByteWriter().bytes(before).blob(made).u8(9).finish());
      }),
    );
  });

  it('begin anew, and what they gave before stays', () => {
    const writer = new ByteWriter(4);
    const first = writer.u32(1).finish();
    expect(writer.reset().u8(2).finish()).toEqual(Uint8Array.of(2));
    expect(first).toEqual(Uint8Array.of(1, 0, 0, 0));
  });
});
