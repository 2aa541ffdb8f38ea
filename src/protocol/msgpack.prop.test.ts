import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { packFrame, unpackMap } from './msgpack.ts';
import { isUtf8, scanMap } from './msgpack-scan.ts';

const bounds = { depthMax: 6, itemsMax: 500 };

const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.maxSafeNat(),
  fc.double({ noNaN: true }).map((value) => value + 0),
  fc.string({ unit: 'grapheme' }),
  fc
    .string({ unit: 'binary', maxLength: 100 })
    .filter((text) => text.isWellFormed() && !text.startsWith('\ufeff')),
  fc.uint8Array({ maxLength: 300 }),
);
const key = fc.string({ minLength: 1 }).filter((text) => text !== '__proto__');
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    scalar,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));
const map = fc.dictionary(key, value, { maxKeys: 8, noNullPrototype: true });

test('plain maps come back as they were written', () => {
  fc.assert(
    fc.property(map, (fields) => {
      const frame = packFrame(Uint8Array.of(7), fields);
      expect(frame[0]).toBe(7);
      expect(unpackMap(frame, 1, { depthMax: 6, itemsMax: 100_000 })).toEqual(fields);
    }),
    { numRuns: 500 },
  );
});

test('what is left over, cut off, too deep or too much is not accepted', () => {
  fc.assert(
    fc.property(map, fc.nat(), (fields, cut) => {
      const body = packFrame(new Uint8Array(0), fields);
      const wide = { depthMax: 6, itemsMax: 100_000 };
      expect(scanMap(body, wide)).toBe(Object.keys(fields).length);
      expect(scanMap(body.subarray(0, cut % body.length), wide)).toBe(-1);
      expect(scanMap(Uint8Array.of(...body, 0xc0), wide)).toBe(-1);
      if (Object.keys(fields).length > 0) expect(scanMap(body, { depthMax: 0, itemsMax: 100_000 })).toBe(-1);
    }),
    { numRuns: 300 },
  );
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { k: nested(depth - 1) });
  expect(scanMap(packFrame(new Uint8Array(0), { k: nested(5) }), bounds)).toBe(1);
  expect(scanMap(packFrame(new Uint8Array(0), { k: nested(6) }), bounds)).toBe(-1);
  const wide = Array.from({ length: 499 }, () => 0);
  expect(scanMap(packFrame(new Uint8Array(0), { k: wide.slice(1) }), bounds)).toBe(1);
  expect(scanMap(packFrame(new Uint8Array(0), { k: wide }), bounds)).toBe(-1);
});

test('integers mean the same in every width they can be written in', () => {
  const widths = [
    [0xcc, 7],
    [0xcd, 0, 7],
    [0xce, 0, 0, 0, 7],
    [0xcf, 0, 0, 0, 0, 0, 0, 0, 7],
    [0xd0, 7],
    [0xd1, 0, 7],
    [0xd2, 0, 0, 0, 7],
    [0xd3, 0, 0, 0, 0, 0, 0, 0, 7],
    [0xca, 0x40, 0xe0, 0, 0],
    [0xcb, 0x40, 0x1c, 0, 0, 0, 0, 0, 0],
  ];
  for (const bytes of widths) {
    expect(unpackMap(Uint8Array.of(0x81, 0xa1, 0x6b, ...bytes), 0, bounds)).toEqual({ k: 7 });
  }
});

test('text is UTF-8 exactly when the platform says so', () => {
  const platform = new TextDecoder('utf-8', { fatal: true });
  const isPlatformUtf8 = (bytes: Uint8Array): boolean => {
    try {
      platform.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const nearly = fc
    .tuple(fc.string({ unit: 'binary' }), fc.nat(), fc.nat({ max: 255 }))
    .map(([text, at, byte]) => {
      const bytes = new TextEncoder().encode(text);
      if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return bytes;
    });
  const tricky = fc.array(fc.constantFrom(0xe0, 0xed, 0xf0, 0xf4, 0xc2, 0x80, 0x9f, 0xa0, 0xbf, 0x41), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        nearly,
        tricky.map((bytes) => Uint8Array.from(bytes)),
      ),
      (bytes) => {
        expect(isUtf8(bytes, 0, bytes.length)).toBe(isPlatformUtf8(bytes));
      },
    ),
    { numRuns: 3000 },
  );
});
