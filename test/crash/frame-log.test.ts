// What the log keeps of frames, and what it calls a contradiction. Frames are those of the protocol's vectors.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SocketHandlers } from '../../src/client/socket.ts';
import { FrameLog } from './frame-log.ts';

interface Vector {
  readonly name: string;
  readonly hex: string;
}
const vectors = JSON.parse(
  readFileSync(new URL('../../docs/protocol-vectors.json', import.meta.url), 'utf8'),
) as { readonly clientFrames: readonly Vector[]; readonly serverFrames: readonly Vector[] };

/** Of the session of section 18. */
const STREAM_ID = '000102030405060708090a0b0c0d0e0f';
const PAY = '100100010001000000e911bb91d32c6287f18bd869006e9b504d40475976a3d8e7914926550adc856b';

function frame(name: string): Uint8Array {
  const vector = [...vectors.clientFrames, ...vectors.serverFrames].find((one) => one.name === name);
  if (vector === undefined) throw new Error(`no vector ${name}`);
  return Buffer.from(vector.hex, 'hex');
}

function paid(...indexes: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 + 4 * indexes.length);
  bytes.set([0xa0, 1, 0, indexes.length]);
  for (const [at, index] of indexes.entries()) bytes.writeUInt32LE(index, 4 + 4 * at);
  return bytes;
}

function overheard(): {
  readonly log: FrameLog;
  readonly durable: number[];
  readonly send: (frame: Uint8Array) => void;
  readonly take: (frame: Uint8Array) => void;
} {
  const durable: number[] = [];
  const log = new FrameLog((sentAtMs) => durable.push(sentAtMs));
  const lines: SocketHandlers[] = [];
  const open = log.overhear((_url, _subprotocol, handlers) => {
    lines.push(handlers);
    return { send() {}, close() {} };
  });
  const socket = open('ws://nowhere', 'ringside.v1', { message() {}, close() {} });
  return {
    log,
    durable,
    send: (bytes) => socket.send(bytes),
    take: (bytes) => lines[0]?.message(bytes),
  };
}

describe('the log of frames', () => {
  it('keeps the words, what they were for, and the highest acknowledgement', () => {
    const { log, durable, send, take } = overheard();
    send(frame('OPEN'));
    take(frame('STREAM, new'));
    send(Buffer.from(PAY, 'hex'));
    take(paid(1, 0));
    const stream = log.byId(STREAM_ID);
    expect(stream).toMatchObject({ granted: true, acknowledged: [1, 0], contradictions: [] });
    expect(stream?.spans).toEqual([{ chain: 0, from: 0, to: 1, purpose: 'watch', target: 1 }]);
    expect(durable).toHaveLength(1);
  });

  it('calls it a contradiction when more is acknowledged than was sent', () => {
    const { log, send, take } = overheard();
    send(frame('OPEN'));
    take(frame('STREAM, new'));
    take(paid(1, 0));
    expect(log.byId(STREAM_ID)?.contradictions).toHaveLength(1);
  });

  it('calls it a contradiction when STREAM goes back behind PAID', () => {
    const { log, send, take } = overheard();
    send(frame('OPEN'));
    take(frame('STREAM, new'));
    send(Buffer.from(PAY, 'hex'));
    take(paid(1, 0));
    take(frame('STREAM, new'));
    expect(log.byId(STREAM_ID)?.contradictions).toHaveLength(1);
  });
});
