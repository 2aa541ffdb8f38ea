/**
 * The codecs against the committed vectors. After a change of the protocol that is meant:
 *
 *   UPDATE_VECTORS=1 npx vitest run test/protocol/vectors.test.ts
 *
 * rewrites docs/protocol-vectors.json; what changed in it is then for a person to read, and the expectations in
 * vectors-by-hand.test.ts for a person to write.
 */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '../../src/core/bytes.ts';
import { decodeClient, encodeClient } from '../../src/protocol/client-codec.ts';
import { FRAME } from '../../src/protocol/messages.ts';
import { decodeServer, encodeServer } from '../../src/protocol/server-codec.ts';
import { decodeCommitment, encodeCommitment } from '../../src/voucher/commitment.ts';
import { VECTORS_FILE, readVectors } from './vector-file.ts';
import { buildVectors, plain } from './vectors.ts';

if (process.env['UPDATE_VECTORS'] === '1') {
  writeFileSync(VECTORS_FILE, `${JSON.stringify(buildVectors(), null, 1)}\n`);
}
const vectors = readVectors();

test('the committed file is what the code says today', () => {
  expect(buildVectors()).toEqual(vectors);
});

test('every frame type of the protocol has a vector', () => {
  const seen = [...vectors.clientFrames, ...vectors.serverFrames].map((one) => fromHex(one.hex)[0]);
  expect(new Set(seen)).toEqual(new Set(Object.values(FRAME)));
});

test.each(vectors.clientFrames)('client frame $name', ({ hex, message }) => {
  const decoded = decodeClient(fromHex(hex));
  if (!decoded.ok) throw new Error(decoded.code);
  expect(plain(decoded.message)).toEqual(message);
  expect(toHex(encodeClient(decoded.message))).toBe(hex);
});

test.each(vectors.clientAlternatives)('client frame $name', ({ hex, message }) => {
  const decoded = decodeClient(fromHex(hex));
  expect(plain(decoded)).toEqual({ ok: true, message });
});

test.each(vectors.serverFrames)('server frame $name', ({ hex, message }) => {
  const decoded = decodeServer(fromHex(hex));
  if (!decoded.ok) throw new Error(decoded.code);
  expect(plain(decoded.message)).toEqual(message);
  expect(toHex(encodeServer(decoded.message))).toBe(hex);
});

test('an ERROR that does not say which frame it is about', () => {
  const body =
    '85a372656600a673747265616d01a4636f6465a9544f4f5f4541524c59a76d657373616765a0a9726574727961626c65c3';
  const error = { ref: 0, stream: 1, code: 'TOO_EARLY', message: '', retryable: true, frame: 0 };
  expect(decodeServer(fromHex(`85${body}`))).toEqual({ ok: true, message: { type: FRAME.ERROR, ...error } });
});

test.each(vectors.malformedFrames)('$from: $name is $code', ({ from, hex, code }) => {
  const decode = from === 'client' ? decodeClient : decodeServer;
  expect(decode(fromHex(hex))).toEqual({ ok: false, code });
});

test.each(vectors.commitments)('commitment for $commitment.roundId', ({ bytes, commitment }) => {
  const decoded = decodeCommitment(fromHex(bytes));
  if (!decoded.ok) throw new Error(decoded.code);
  expect(plain(decoded.commitment)).toEqual(commitment);
  expect(toHex(encodeCommitment(decoded.commitment))).toBe(bytes);
});

test.each(vectors.malformedCommitments)('a commitment with $name is refused', ({ hex }) => {
  expect(decodeCommitment(fromHex(hex))).toEqual({ ok: false, code: 'BAD_COMMITMENT' });
});
