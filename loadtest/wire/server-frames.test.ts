import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ServerFrameParser } from './server-frames.ts';

type Seen = readonly [kind: string, payload: readonly number[]];

function parser(): { readonly parser: ServerFrameParser; readonly seen: Seen[] } {
  const seen: Seen[] = [];
  const note = (kind: string, bytes: Uint8Array, from: number, to: number): void => {
    seen.push([kind, [...bytes.subarray(from, to)]]);
  };
  return {
    seen,
    parser: new ServerFrameParser({
      onMessage: (bytes, from, to, isText) => note(isText ? 'text' : 'binary', bytes, from, to),
      onPing: (bytes, from, to) => note('ping', bytes, from, to),
      onClose: (code) => void seen.push(['close', [code]]),
    }),
  };
}

function frame(opcode: number, payload: readonly number[]): number[] {
  const size = payload.length;
  const head = size < 126 ? [size] : [126, size >> 8, size & 0xff];
  return [0x80 | opcode, ...head, ...payload];
}

const OPCODES = { text: 1, binary: 2, ping: 9 } as const;

const message = fc.record({
  kind: fc.constantFrom<keyof typeof OPCODES>('text', 'binary', 'ping'),
  payload: fc.oneof(
    fc.array(fc.nat(255), { maxLength: 40 }),
    fc.array(fc.nat(255), { minLength: 120, maxLength: 140 }),
  ),
});

test('frames come out the same however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 60 })),
      (all, cuts) => {
        const bytes = Uint8Array.from(all.flatMap(({ kind, payload }) => frame(OPCODES[kind], payload)));
        const { parser: one, seen } = parser();
        // As a socket does: the same buffer is read into again, so what was in it is gone.
        const buffer = new Uint8Array(4_096);
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = Math.min(cuts[turn % Math.max(1, cuts.length)] ?? 4_096, bytes.length - at);
          buffer.fill(0xff);
          buffer.set(bytes.subarray(at, at + size), 7);
          expect(one.push(buffer, 7, 7 + size)).toBe(true);
          at += size;
        }
        expect(seen).toEqual(all.map(({ kind, payload }) => [kind, payload]));
      },
    ),
    { numRuns: 300 },
  );
});

test('a message of more than 64 KiB has its length in eight bytes', () => {
  const payload = new Uint8Array(70_000).fill(5);
  const bytes = Uint8Array.of(0x82, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70, ...payload);
  const { parser: one, seen } = parser();
  expect(one.push(bytes, 0, 50_000)).toBe(true);
  expect(seen).toEqual([]);
  expect(one.push(bytes, 50_000, bytes.length)).toBe(true);
  expect(seen[0]?.[1]).toHaveLength(70_000);
});

test.each([
  ['with a code', frame(8, [0x10, 0x6b]), 4203],
  ['without one', frame(8, []), 1005],
])('a close frame %s', (_, bytes, code) => {
  const { parser: one, seen } = parser();
  expect(one.push(Uint8Array.from(bytes), 0, bytes.length)).toBe(true);
  expect(seen).toEqual([['close', [code]]]);
});

test.each([
  ['a masked frame', [0x82, 0x81, 0, 0, 0, 0, 1]],
  ['a fragment', [0x02, 0x01, 1]],
  ['a reserved bit', [0xc2, 0x01, 1]],
  ['an unknown opcode', [0x83, 0x01, 1]],
  ['a length beyond all bounds', [0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]],
])('%s ends it', (_, bytes) => {
  expect(parser().parser.push(Uint8Array.from(bytes), 0, bytes.length)).toBe(false);
});
