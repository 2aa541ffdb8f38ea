import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { clientMessage, serverMessage } from '../../test/fuzz/arbitraries.ts';
import { decodeClient, encodeClient } from './client-codec.ts';
import { FRAME_BYTES_MAX } from './frame-sizes.ts';
import { FRAME } from './messages.ts';
import { decodeServer, encodeServer } from './server-codec.ts';

const runs = { numRuns: 400 };

function sizeMax(type: number): number {
  const name = (Object.keys(FRAME) as (keyof typeof FRAME)[]).find((key) => FRAME[key] === type);
  return name === undefined ? 0 : FRAME_BYTES_MAX[name];
}

test('every client message survives the wire and stays within its size', () => {
  fc.assert(
    fc.property(clientMessage, (message) => {
      const frame = encodeClient(message);
      expect(decodeClient(frame)).toEqual({ ok: true, message });
      expect(frame.length).toBeLessThanOrEqual(sizeMax(message.type));
    }),
    runs,
  );
});

test('every server message survives the wire and stays within its size', () => {
  fc.assert(
    fc.property(serverMessage, (message) => {
      const frame = encodeServer(message);
      expect(decodeServer(frame)).toEqual({ ok: true, message });
      expect(frame.length).toBeLessThanOrEqual(sizeMax(message.type));
    }),
    runs,
  );
});

test('a frame cut short or with a byte more is a bad frame', () => {
  fc.assert(
    fc.property(clientMessage, fc.nat(), (message, cut) => {
      const frame = encodeClient(message);
      const bad = { ok: false, code: 'BAD_FRAME' };
      expect(decodeClient(frame.subarray(0, cut % frame.length))).toEqual(bad);
      expect(decodeClient(Uint8Array.of(...frame, cut & 0xff))).toEqual(bad);
    }),
    runs,
  );
  fc.assert(
    fc.property(serverMessage, fc.nat(), (message, cut) => {
      const frame = encodeServer(message);
      const bad = { ok: false, code: 'BAD_FRAME' };
      expect(decodeServer(frame.subarray(0, cut % frame.length))).toEqual(bad);
      expect(decodeServer(Uint8Array.of(...frame, cut & 0xff))).toEqual(bad);
    }),
    { numRuns: 200 },
  );
});

test('what is decoded does not change with the buffer it came from', () => {
  fc.assert(
    fc.property(clientMessage, (message) => {
      const buffer = Buffer.from(encodeClient(message)); // a Buffer, because slices of one are views
      const decoded = decodeClient(buffer);
      buffer.fill(0xee);
      expect(decoded).toEqual({ ok: true, message });
    }),
    runs,
  );
  fc.assert(
    fc.property(serverMessage, (message) => {
      const buffer = Buffer.from(encodeServer(message));
      const decoded = decodeServer(buffer);
      buffer.fill(0xee);
      expect(decoded).toEqual({ ok: true, message });
    }),
    { numRuns: 200 },
  );
});
