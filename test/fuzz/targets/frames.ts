/** Frames of both sides and the msgpack inside them. */
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { Packr } from 'msgpackr';
import { type Refusal } from '../../../src/core/errors.ts';
import { fromHex } from '../../../src/core/bytes.ts';
import type { Prng } from '../../../src/core/prng.ts';
import { decodeClient, encodeClient } from '../../../src/protocol/client-codec.ts';
import { type Fields, packFrame, unpackMap } from '../../../src/protocol/msgpack.ts';
import { FRAME } from '../../../src/protocol/messages.ts';
import { decodeServer, encodeServer } from '../../../src/protocol/server-codec.ts';
import { readMsgpack } from '../../protocol/mini-msgpack.ts';
import { type Vectors, readVectors } from '../../protocol/vector-file.ts';
import { clientMessage, serverMessage } from '../arbitraries.ts';
import { type Target, checkCodec, insist } from '../target.ts';

const GENERATED = 60;
const BODY_BOUNDS = { depthMax: 6, itemsMax: 4096 };

type Decoded<T> = { readonly ok: true; readonly message: T } | Refusal<'BAD_FRAME' | 'UNKNOWN_FRAME'>;

/** The message, or undefined when it was refused by one of the two codes that a decoder may give. */
function accepted<T>(decoded: Decoded<T>): T | undefined {
  if (decoded.ok) return decoded.message;
  insist(['BAD_FRAME', 'UNKNOWN_FRAME'].includes(decoded.code), `refused by ${decoded.code}`);
  return undefined;
}

const FIXED: readonly number[] = [
  FRAME.LEAVE,
  FRAME.CLOSE,
  FRAME.PAY,
  FRAME.GIFT,
  FRAME.WATCH,
  FRAME.CLAP,
  FRAME.VOTE,
  FRAME.TIME,
  FRAME.PAID,
];

/** Only msgpack has several spellings of one thing, and the zero of CLOCK. */
export function hasFixedLayout(frame: Uint8Array): boolean {
  return FIXED.includes(frame[0] ?? 0);
}

function vectorFrames(select: (vectors: Vectors) => readonly { readonly hex: string }[]): Uint8Array[] {
  return select(readVectors()).map((vector) => fromHex(vector.hex));
}

export const clientFrames: Target = {
  name: 'client-frames',
  corpus: (random) => [
    ...vectorFrames((vectors) => [
      ...vectors.clientFrames,
      ...vectors.clientAlternatives,
      ...vectors.malformedFrames,
    ]),
    ...fc.sample(clientMessage, { numRuns: GENERATED, seed: random.below(2 ** 31) }).map(encodeClient),
  ],
  run: (input) =>
    checkCodec(
      { decode: (bytes) => accepted(decodeClient(bytes)), encode: encodeClient, isCanonical: hasFixedLayout },
      input,
    ),
};

export const serverFrames: Target = {
  name: 'server-frames',
  corpus: (random) => [
    ...vectorFrames((vectors) => [...vectors.serverFrames, ...vectors.malformedFrames]),
    ...fc.sample(serverMessage, { numRuns: GENERATED, seed: random.below(2 ** 31) }).map(encodeServer),
  ],
  run: (input) =>
    checkCodec(
      { decode: (bytes) => accepted(decodeServer(bytes)), encode: encodeServer, isCanonical: hasFixedLayout },
      input,
    ),
};

const packers = [
  new Packr({ useRecords: false, variableMapSize: true }),
  new Packr({ useRecords: true }),
  new Packr({ useRecords: false, moreTypes: true, structuredClone: true }),
];

/** Maps as any implementation could write them. */
function packedMaps(random: Prng): Uint8Array[] {
  const map = fc.dictionary(fc.string({ maxLength: 4 }), fc.anything({ maxDepth: 4, withTypedArray: true }), {
    maxKeys: 8,
  });
  return fc.sample(map, { numRuns: GENERATED, seed: random.below(2 ** 31) }).flatMap((value) =>
    packers.flatMap((packer) => {
      try {
        return [Uint8Array.from(packer.pack(value))];
      } catch {
        return []; // not every value can be written
      }
    }),
  );
}

/** The library against a reader that shares no line with it. */
export const msgpack: Target = {
  name: 'msgpack',
  corpus: (random) => [
    ...packedMaps(random),
    ...vectorFrames((vectors) => vectors.clientFrames).map((frame) => frame.subarray(1)),
    ...vectorFrames((vectors) => vectors.serverFrames).map((frame) => frame.subarray(1)),
  ],
  run(input) {
    const fields = unpackMap(input, 0, BODY_BOUNDS);
    if (fields === undefined) return 'refused';
    insist(isDeepStrictEqual(plain(fields), plain(readMsgpack(input))), 'another reader finds other values');
    return checkCodec(
      {
        decode: (bytes) => unpackMap(bytes, 0, BODY_BOUNDS),
        encode: (map: Fields) => packFrame(new Uint8Array(), map),
        isCanonical: false,
        meaning: plain,
      },
      input,
    );
  },
};

/** Without prototypes, classes of byte arrays and signs of zero, which differ between readers and mean nothing. */
function plain(value: unknown): unknown {
  if (value === 0) return 0;
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return (
    Object.entries(value)
      // The library's way to keep a map from changing prototypes; no frame has such a key.
      .map(([key, item]) => [key === '__proto__' ? '__proto_' : key, plain(item)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
  );
}
