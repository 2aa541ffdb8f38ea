/**
 * Plain msgpack maps as frames carry them: no records, no extension types, binary for bytes, string keys, so that
 * any C library reads them. Integers above 2^32 - 1 are written as float 64, which is exact up to 2^53.
 */
import { Packr, Unpackr } from 'msgpackr';
import { assert } from '../core/assert.ts';
import { type ScanBounds, scanMap } from './msgpack-scan.ts';

const packr = new Packr({ useRecords: false, variableMapSize: true, useToJSON: false });
// Copies of binary values: the frame they lie in may be reused as soon as the decoder returns.
const unpackr = new Unpackr({
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: 'number',
  copyBuffers: true,
});

/** What a decoded map is: nothing about its values is known before a reader of `fields.ts` has looked. */
export type Fields = Readonly<Record<string, unknown>>;

/** `header` followed by the map, in a buffer of its own. A key whose value is undefined must not be there. */
export function packFrame(header: Uint8Array, map: Fields): Uint8Array {
  const body = packr.pack(map); // lies in a pool: copied below
  const frame = new Uint8Array(header.length + body.length);
  frame.set(header);
  frame.set(body, header.length);
  return frame;
}

/** The map that starts at `offset` and ends with the frame, or undefined when it is not acceptable. */
export function unpackMap(frame: Uint8Array, offset: number, bounds: ScanBounds): Fields | undefined {
  assert(offset <= frame.length, 'a body starts inside its frame');
  const body = new Uint8Array(frame.buffer, frame.byteOffset + offset, frame.length - offset);
  const entries = scanMap(body, bounds);
  if (entries < 0) return undefined;
  const map = tryUnpack(body);
  // Fewer keys than entries: one was there twice, and which of the two counts would be anyone's guess.
  return map !== undefined && Object.keys(map).length === entries ? map : undefined;
}

/** Bytes from outside must not be able to end a thread, whatever a library makes of them. */
function tryUnpack(body: Uint8Array): Fields | undefined {
  try {
    const map: unknown = unpackr.unpack(body);
    return typeof map === 'object' && map !== null ? (map as Fields) : undefined;
  } catch {
    return undefined;
  }
}
