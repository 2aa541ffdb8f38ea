/** The vectors checked by hand and by OpenSSL: nothing here asks the codecs that made them. */
import { ECDH, createHash, createPublicKey, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '../../src/core/bytes.ts';
import { readMsgpack } from './mini-msgpack.ts';
import { type CommitmentVector, type SignedVector, readVectors } from './vector-file.ts';
import { plain } from './vectors.ts';

const vectors = readVectors();

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** SPKI of a compressed key, so that OpenSSL checks the signatures. */
function opensslVerifies(signed: SignedVector): boolean {
  const point = ECDH.convertKey(
    vectors.key.publicKey,
    'secp256k1',
    'hex',
    undefined,
    'uncompressed',
  ) as Buffer;
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  const key = createPublicKey({
    format: 'jwk',
    key: { kty: 'EC', crv: 'secp256k1', x: x ?? '', y: y ?? '' },
  });
  const bytes = fromHex(signed.bytes);
  return verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, fromHex(signed.signature));
}

function layOut(commitment: CommitmentVector): Buffer {
  const network = ['main', 'test', 'dev'].indexOf(commitment.network);
  const parts: Uint8Array[] = [
    Buffer.from('RSC'),
    Buffer.of(1, network),
    fromHex(commitment.streamId),
    fromHex(commitment.payer),
    Buffer.of(commitment.roundId.length),
    Buffer.from(commitment.roundId, 'latin1'),
    Buffer.of(commitment.chains.length),
  ];
  for (const chain of commitment.chains) {
    const numbers = Buffer.alloc(8);
    numbers.writeUInt32LE(chain.unitSats, 0);
    numbers.writeUInt32LE(chain.length, 4);
    parts.push(numbers, fromHex(chain.anchor));
  }
  const tail = Buffer.alloc(20);
  tail.writeUInt32LE(commitment.rateSatsPerSecond, 0);
  tail.writeBigUInt64LE(BigInt(commitment.notBeforeMs), 4);
  tail.writeBigUInt64LE(BigInt(commitment.expiryMs), 12);
  return Buffer.concat([...parts, tail, fromHex(commitment.nonce)]);
}

function bytesOf(name: string): Buffer {
  const vector = [...vectors.clientFrames, ...vectors.serverFrames].find((one) => one.name === name);
  return Buffer.from(fromHex(vector?.hex ?? ''));
}

function wordOf(chain: number, index: number): string | undefined {
  return vectors.hashChains[chain]?.words.find((one) => one.index === index)?.word;
}

/** Of the msgpack map that starts at `offset`, in the order in which they are written. */
function keys(name: string, offset: number): string[] {
  return Object.keys(readMsgpack(bytesOf(name).subarray(offset)) as object);
}

test('the account is RIPEMD160 of SHA-256 of the key', () => {
  const { publicKey, account } = vectors.key;
  expect(
    createHash('ripemd160')
      .update(digest(fromHex(publicKey)))
      .digest('hex'),
  ).toBe(account);
});

test('hashing from the seed gives every word', () => {
  for (const chain of vectors.hashChains) {
    const words = new Map<number, string>();
    let word: Uint8Array = fromHex(chain.seed);
    for (let index = chain.length; index >= 0; index--) {
      words.set(index, toHex(word));
      word = digest(word);
    }
    for (const { index, word: expected } of chain.words) expect(words.get(index)).toBe(expected);
  }
});

test('the text of AUTH is put together as documented, and signed', () => {
  const { auth } = vectors;
  const bytes = Buffer.concat([Buffer.from('ringside.v1 auth\n\x02', 'latin1'), fromHex(auth.nonce)]);
  expect(bytes.toString('hex')).toBe(auth.bytes);
  expect(digest(bytes).toString('hex')).toBe(auth.sha256);
  expect(opensslVerifies(auth)).toBe(true);
  expect(opensslVerifies({ ...auth, bytes: `${auth.bytes}00` })).toBe(false);
});

test('commitments are laid out as documented, and signed', () => {
  for (const one of vectors.commitments) {
    expect(layOut(one.commitment).toString('hex')).toBe(one.bytes);
    expect(digest(fromHex(one.bytes)).toString('hex')).toBe(one.sha256);
    expect(opensslVerifies(one)).toBe(true);
  }
});

test('fixed layouts read byte by byte say what the vectors say', () => {
  const pay = bytesOf('PAY');
  expect(pay.length).toBe(41);
  expect([pay[0], pay.readUInt16LE(1), pay[3], pay[4], pay.readUInt32LE(5)]).toEqual([0x10, 1, 1, 0, 1]);
  expect(pay.toString('hex', 9)).toBe(wordOf(0, 1));

  const gift = bytesOf('GIFT, two chains');
  expect(gift.length).toBe(5 + 2 * 37);
  expect([gift[0], gift.readUInt16LE(1), gift[3], gift[4]]).toEqual([0x11, 1, 0, 2]);
  expect([gift[5], gift.readUInt32LE(6), gift.toString('hex', 10, 42)]).toEqual([1, 25, wordOf(1, 25)]);
  expect([gift[42], gift.readUInt32LE(43), gift.toString('hex', 47)]).toEqual([0, 301, wordOf(0, 301)]);

  expect(bytesOf('LEAVE').toString('hex')).toBe('0307000000');
  expect(bytesOf('CLOSE').toString('hex')).toBe('06010005000000');
  expect(bytesOf('WATCH').toString('hex')).toBe('12010001');
  expect(bytesOf('WATCH, nobody').toString('hex')).toBe('120100ff');
  expect(bytesOf('CLAP').toString('hex')).toBe('1301000102010000');
  expect(bytesOf('VOTE').toString('hex')).toBe('14010000');
  expect(bytesOf('TIME').toString('hex')).toBe('1504030201');
  expect(bytesOf('PAID').toString('hex')).toBe('a00100023801000019000000');
  const clock = bytesOf('CLOCK');
  expect([clock.length, clock[0], clock.readUInt32LE(1)]).toEqual([13, 0xa1, 0x01020304]);
  expect(clock.readDoubleLE(5)).toBe(1_800_000_000_000.5);
});

test('the other bodies are msgpack maps with the documented keys', () => {
  expect(keys('AUTH', 1)).toEqual(['publicKey', 'signature', 'agent']);
  expect(keys('JOIN', 1)).toEqual(['ref', 'round']);
  expect(keys('JOIN, resuming', 1)).toEqual(['ref', 'round', 'resume']);
  expect(keys('OPEN', 1)).toEqual(['ref', 'commitment', 'signature', 'name', 'hold']);
  expect(keys('ATTACH', 1)).toEqual(['ref', 'round', 'stream']);
  expect(keys('WELCOME', 1)).toEqual(
    'v network nonce serverTimeMs authTimeoutMs idleTimeoutMs maxFrameBytes'.split(' '),
  );
  expect(keys('READY', 1)).toEqual(['account']);
  expect(keys('JOINED', 1)).toEqual(['ref', 'round', 'handle', 'resumed']);
  expect(keys('STREAM, new', 1).toSorted()).toEqual(
    'claps holdSats indexes paidSats ref round stream streamId vote watchFromMs watchSats watching'.split(
      ' ',
    ),
  );
  expect(keys('ERROR, to a word', 1)).toEqual('ref stream code message retryable frame'.split(' '));
  expect(keys('ENDED', 1)).toEqual(['ref', 'stream', 'reason', 'paidSats']);
  expect(keys('KEYFRAME, live', 13)).toEqual('id n ph b e h c a y t v p s g r'.split(' '));
  expect(keys('DELTA, small', 13)).toEqual(['t', 'p']);
  expect(keys('DELTA, everything', 13)).toEqual('t ph b e c y v p s g r'.split(' '));
});

test('the numbers of state frames are where they are documented to be', () => {
  const frame = bytesOf('DELTA, everything');
  expect([frame[0], frame.readUInt32LE(1), frame.readUInt32LE(5), frame.readUInt32LE(9)]).toEqual([
    0x91, 7, 3, 43,
  ]);
  const body = plain(readMsgpack(frame.subarray(13)));
  const account = vectors.key.account;
  const start = 1_800_000_000_000;
  expect(body).toEqual({
    t: start + 59_990,
    ph: 3,
    b: start,
    e: start + 70_000,
    c: null,
    y: 2000,
    v: 4,
    p: [[1, 25_326, 3, 1, 7, 25_433, 1, 3]],
    s: [
      [account, 'Zoë', 25_312],
      ['00112233445566778899aabbccddeeff00112233', '', 10_024],
    ],
    g: [[3, 'Zoë', account, 1, 1000, start + 59_980]],
    r: [
      [1, 0],
      30_000,
      12_000,
      18_000,
      1_800,
      [9_000, 17_400],
      [toHex(Uint8Array.from({ length: 32 }, (_, i) => 16 + i))],
      1,
    ],
  });
});

test('the acceptance sequences have the answers that the rules give', () => {
  const [watching, giving] = vectors.acceptance.map(({ steps }) => steps.map(({ result }) => result));
  expect(watching?.join(' ')).toBe(
    '1 1 0 0 BAD_WORD 5 TOO_EARLY 1 BAD_WORD BAD_WORD BAD_WORD UNKNOWN_CHAIN 7 TOO_EARLY STEP_TOO_LARGE 50 TOO_EARLY',
  );
  expect(giving?.join(' ')).toBe(
    '25300 0 1 0 BAD_WORD 1000 BAD_FRAME OVER_HOLD OVER_HOLD CHAIN_EXHAUSTED STEP_TOO_LARGE 13699 OVER_HOLD',
  );
});
