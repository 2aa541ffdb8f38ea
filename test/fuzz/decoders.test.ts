/** Decoders against bytes that nobody means well with: a coded refusal or a message that says the same again. */
import * as fc from 'fast-check';
import { Packr } from 'msgpackr';
import { expect, test } from 'vitest';
import { decodeClient, encodeClient } from '../../src/protocol/client-codec.ts';
import { CLIENT_FRAME_BYTES_MAX, FRAME_BYTES_MAX } from '../../src/protocol/frame-sizes.ts';
import { FRAME } from '../../src/protocol/messages.ts';
import { unpackMap } from '../../src/protocol/msgpack.ts';
import { decodeServer, encodeServer } from '../../src/protocol/server-codec.ts';
import { decodeCommitment } from '../../src/voucher/commitment.ts';
import { clientMessage, serverMessage } from './arbitraries.ts';

const TYPES = Object.values(FRAME);

/** Decodes as both sides would. */
function expectSound(bytes: Uint8Array): void {
  const client = decodeClient(bytes);
  if (client.ok) {
    expect(decodeClient(encodeClient(client.message))).toEqual(client);
  } else expect(['BAD_FRAME', 'UNKNOWN_FRAME']).toContain(client.code);
  const server = decodeServer(bytes);
  if (server.ok) {
    expect(decodeServer(encodeServer(server.message))).toEqual(server);
  } else expect(['BAD_FRAME', 'UNKNOWN_FRAME']).toContain(server.code);
}

test('random bytes, with and without a known type', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...TYPES), (bytes, type) => {
      expectSound(bytes);
      expectSound(Uint8Array.of(type, ...bytes));
      expect(typeof decodeCommitment(bytes).ok).toBe('boolean');
    }),
    { numRuns: 3000 },
  );
});

/** One change of a frame: overwrite, insert, remove, or repeat a stretch. */
const change = fc.record({
  kind: fc.constantFrom('set', 'set', 'insert', 'remove', 'repeat'),
  at: fc.nat(),
  length: fc.integer({ min: 1, max: 12 }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function changed(frame: Uint8Array, one: Change): Uint8Array {
  const at = one.at % (frame.length + 1);
  const [before, after] = [frame.subarray(0, at), frame.subarray(at)];
  switch (one.kind) {
    case 'insert':
      return Uint8Array.of(...before, ...one.bytes, ...after);
    case 'remove':
      return Uint8Array.of(...before, ...after.subarray(one.length));
    case 'repeat':
      return Uint8Array.of(...before, ...after.subarray(0, one.length), ...after);
    default:
      return Uint8Array.of(...before, ...one.bytes, ...after.subarray(one.bytes.length));
  }
}

test('valid frames that were tampered with', () => {
  const changes = fc.array(change, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(clientMessage, serverMessage, changes, (fromClient, fromServer, list) => {
      expectSound(list.reduce(changed, encodeClient(fromClient)));
      expectSound(list.reduce(changed, encodeServer(fromServer)));
    }),
    { numRuns: 1500 },
  );
});

/** msgpack as another implementation could write it: other widths, records, extensions, typed arrays, floats. */
const packers = [
  new Packr({ useRecords: false, variableMapSize: true }),
  new Packr({ useRecords: false, variableMapSize: false }),
  new Packr({ useRecords: true }),
  new Packr({ useRecords: false, moreTypes: true, structuredClone: true }),
];

const KEYS =
  'ref round resume stream hold name commitment signature publicKey agent v network nonce account handle code ' +
  'message retryable reason paidSats t ph e c y p s g r id n b h a __proto__ constructor';

test('any msgpack value as a body', () => {
  const value = fc.anything({
    maxDepth: 4,
    withDate: true,
    withSet: true,
    withMap: true,
    withTypedArray: true,
  });
  const body = fc.dictionary(fc.constantFrom(...KEYS.split(' ')), fc.oneof(value, fc.nat(), fc.string()), {
    maxKeys: 12,
  });
  fc.assert(
    fc.property(
      fc.oneof(body, value),
      fc.constantFrom(...packers),
      fc.constantFrom(...TYPES),
      (input, packer, type) => {
        let packed: Uint8Array;
        try {
          packed = packer.pack(input);
        } catch {
          return; // not every value can be written
        }
        expectSound(Uint8Array.of(type, ...packed));
        expectSound(Uint8Array.of(type, ...new Uint8Array(12), ...packed));
      },
    ),
    { numRuns: 1500 },
  );
});

/** Types whose body is msgpack. */
const PACKED = [
  FRAME.AUTH,
  FRAME.JOIN,
  FRAME.OPEN,
  FRAME.ATTACH,
  FRAME.WELCOME,
  FRAME.READY,
  FRAME.JOINED,
  FRAME.STREAM,
  FRAME.ERROR,
  FRAME.ENDED,
  FRAME.KEYFRAME,
  FRAME.DELTA,
];

function repeat(count: number, bytes: readonly number[]): number[] {
  return Array.from({ length: count }, () => bytes).flat();
}

const u32 = (value: number): number[] => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];
const CLAIM = u32(4_000_000_000);

const BOMBS: readonly (readonly [string, readonly number[]])[] = [
  ['an array of 4e9', [0xdd, ...CLAIM]],
  ['a map of 4e9', [0xdf, ...CLAIM]],
  ['an array of 4e9 under a key', [0x81, 0xa1, 0x70, 0xdd, ...CLAIM]],
  ['a map of 4e9 under a key', [0x81, 0xa1, 0x70, 0xdf, ...CLAIM]],
  ['a string of 4e9', [0x81, 0xa1, 0x6e, 0xdb, ...CLAIM]],
  ['a binary of 4e9', [0x81, 0xa1, 0x70, 0xc6, ...CLAIM]],
  ['an extension of 4e9', [0x81, 0xa1, 0x70, 0xc9, ...CLAIM, 1]],
  ['a key of 4e9', [0x81, 0xdb, ...CLAIM]],
  ['a record definition', [0x81, 0xa1, 0x70, 0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01]],
  ['a date', [0x81, 0xa1, 0x74, 0xd6, 0xff, 0, 0, 0, 0]],
  ['the unused byte', [0x81, 0xa1, 0x74, 0xc1]],
  ['arrays inside arrays', [0x81, 0xa1, 0x70, ...repeat(60_000, [0x91]), 0xc0]],
  ['maps inside maps', [...repeat(20_000, [0x81, 0xa1, 0x70]), 0xc0]],
  ['wide arrays that all claim the rest', [0x81, 0xa1, 0x70, ...manyClaims(10_000)]],
  ['more values than any frame has', [0x81, 0xa1, 0x70, 0xdc, 0xea, 0x60, ...repeat(60_000, [0xc0])]],
  ['a number as a key', [0x81, 0x01, 0x01]],
  ['a key twice', [0x82, 0xa3, 0x72, 0x65, 0x66, 0x01, 0xa3, 0x72, 0x65, 0x66, 0x02]],
  ['a surrogate in UTF-8', [0x81, 0xa1, 0x6e, 0xa3, 0xed, 0xa0, 0x80]],
  ['an overlong form in UTF-8', [0x81, 0xa1, 0x6e, 0xa2, 0xc0, 0x80]],
];

function manyClaims(count: number): number[] {
  return Array.from({ length: count }, (_, i) => [0xdc, ((3 * (count - i)) >> 8) & 255, 0xff]).flat();
}

test.each(BOMBS)('%s is refused at the cost of its own length', (_name, body) => {
  expect(unpackMap(Uint8Array.from(body), 0, { depthMax: 6, itemsMax: 4096 })).toBeUndefined();
  for (const type of PACKED) {
    const header = type === FRAME.KEYFRAME || type === FRAME.DELTA ? repeat(12, [0]) : [];
    const frame = Uint8Array.of(type, ...header, ...body);
    const isClient = type < 0x80;
    const startMs = performance.now();
    for (let i = 0; i < 20; i++) {
      expect(isClient ? decodeClient(frame) : decodeServer(frame)).toEqual({ ok: false, code: 'BAD_FRAME' });
    }
    expect(performance.now() - startMs).toBeLessThan(500);
  }
});

test('a frame above the largest size of its type is refused, however valid its body', () => {
  const packr = new Packr({ useRecords: false, variableMapSize: true });
  for (const [name, sizeMax] of Object.entries(FRAME_BYTES_MAX) as [keyof typeof FRAME, number][]) {
    const type = FRAME[name];
    const header = type === FRAME.KEYFRAME || type === FRAME.DELTA ? new Uint8Array(12) : [];
    // Unknown keys are ignored, so only the size can be what is wrong with this join.
    const body = packr.pack({
      ref: 1,
      round: 'a',
      t: 1,
      account: '0'.repeat(40),
      padding: 'x'.repeat(sizeMax),
    });
    const frame = Uint8Array.of(type, ...header, ...body);
    expect(decodeClient(frame).ok || decodeServer(frame).ok, name).toBe(false);
  }
  const join = (padding: number): unknown =>
    decodeClient(
      Uint8Array.of(FRAME.JOIN, ...packr.pack({ ref: 1, round: 'a', padding: 'x'.repeat(padding) })),
    );
  expect(join(200)).toMatchObject({ ok: true });
  expect(join(300)).toEqual({ ok: false, code: 'BAD_FRAME' });
});

test('the largest frame a client may send is the largest of its types', () => {
  const client = Object.entries(FRAME_BYTES_MAX).filter(([name]) => FRAME[name as keyof typeof FRAME] < 0x80);
  expect(Math.max(...client.map(([, size]) => size))).toBe(CLIENT_FRAME_BYTES_MAX);
});
