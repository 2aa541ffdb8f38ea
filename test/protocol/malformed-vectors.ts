/** Frames and commitments that have to be refused, each with one thing wrong. */
import { Packr } from 'msgpackr';
import { concatBytes, toHex, utf8 } from '../../src/core/bytes.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { FRAME } from '../../src/protocol/messages.ts';
import { encodeServer } from '../../src/protocol/server-codec.ts';
import { encodeCommitment } from '../../src/voucher/commitment.ts';
import { COMMITMENT, LIVE_STATE, ROUND, counting, word } from './vector-inputs.ts';

export interface MalformedFrame {
  readonly name: string;
  readonly from: 'client' | 'server';
  readonly code: 'BAD_FRAME' | 'UNKNOWN_FRAME';
  readonly hex: string;
}

const packr = new Packr({ useRecords: false, variableMapSize: true });

function packed(type: number, map: Record<string, unknown>): Uint8Array {
  return Uint8Array.of(type, ...packr.pack(map));
}

const open = {
  ref: 1,
  commitment: encodeCommitment(COMMITMENT),
  signature: counting(0, 64),
  name: 'Zoë',
  hold: 1000,
};
const record = (chain: number): Uint8Array => Uint8Array.of(chain, 1, 0, 0, 0, ...word(0, 1));
const gift = (chains: readonly number[]): Uint8Array =>
  Uint8Array.of(FRAME.GIFT, 1, 0, 0, chains.length, ...concatBytes(chains.map(record)));
const pay = Uint8Array.of(FRAME.PAY, 1, 0, 0, ...record(0));
const stateHead = (type: number): number[] => [type, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];
const keyframe = encodeServer({ type: FRAME.KEYFRAME, handle: 1, epoch: 1, seq: 1, state: LIVE_STATE });

const CLIENT: readonly (readonly [string, Uint8Array])[] = [
  ['an empty frame', new Uint8Array(0)],
  ['PAY one byte short', pay.subarray(0, 40)],
  ['PAY one byte long', Uint8Array.of(...pay, 0)],
  ['GIFT without a record', gift([])],
  ['GIFT with five records', gift([0, 1, 2, 3, 4])],
  ['GIFT with two words of one chain', gift([0, 0])],
  ['GIFT whose count is above its records', Uint8Array.of(...gift([0]).with(4, 2))],
  ['WATCH without a target', Uint8Array.of(FRAME.WATCH, 1, 0)],
  ['CLAP with a count of 24 bits', Uint8Array.of(FRAME.CLAP, 1, 0, 0, 5, 0, 0)],
  ['CLOSE with ref 0', Uint8Array.of(FRAME.CLOSE, 1, 0, 0, 0, 0, 0)],
  ['JOIN without a body', Uint8Array.of(FRAME.JOIN)],
  ['JOIN with an array as its body', Uint8Array.of(FRAME.JOIN, 0x92, 1, 2)],
  ['JOIN with bytes after the map', Uint8Array.of(...packed(FRAME.JOIN, { ref: 1, round: ROUND }), 0xc0)],
  ['JOIN without ref', packed(FRAME.JOIN, { round: ROUND })],
  ['JOIN with ref 0', packed(FRAME.JOIN, { ref: 0, round: ROUND })],
  ['JOIN with a negative ref', packed(FRAME.JOIN, { ref: -1, round: ROUND })],
  ['JOIN with ref 1.5', packed(FRAME.JOIN, { ref: 1.5, round: ROUND })],
  ['JOIN with ref 2^32', packed(FRAME.JOIN, { ref: 2 ** 32, round: ROUND })],
  ['JOIN with ref as text', packed(FRAME.JOIN, { ref: '1', round: ROUND })],
  ['JOIN with an upper-case round', packed(FRAME.JOIN, { ref: 1, round: 'Friday' })],
  ['JOIN that resumes from one number', packed(FRAME.JOIN, { ref: 1, round: ROUND, resume: [1] })],
  ['JOIN that resumes from three numbers', packed(FRAME.JOIN, { ref: 1, round: ROUND, resume: [1, 2, 3] })],
  ['JOIN with the key ref twice', Uint8Array.of(FRAME.JOIN, 0x83, ...doubled())],
  ['JOIN with a number as a key', Uint8Array.of(FRAME.JOIN, 0x81, 0x01, 0x01)],
  ['JOIN above its largest size', packed(FRAME.JOIN, { ref: 1, round: ROUND, x: 'x'.repeat(256) })],
  ['JOIN with an extension', Uint8Array.of(FRAME.JOIN, 0x81, 0xa1, 0x78, 0xd4, 0x01, 0x00)],
  ['JOIN with 4e9 claimed entries', Uint8Array.of(FRAME.JOIN, 0xdf, 0xee, 0x6b, 0x28, 0x00)],
  [
    'JOIN with an array of 4e9 claimed entries',
    Uint8Array.of(FRAME.JOIN, 0x81, 0xa1, 0x78, 0xdd, 0xee, 0x6b, 0x28, 0x00),
  ],
  [
    'JOIN with seven maps inside each other',
    packed(FRAME.JOIN, { ref: 1, round: ROUND, x: { x: { x: { x: { x: { x: {} } } } } } }),
  ],
  [
    'AUTH with an uncompressed key',
    packed(FRAME.AUTH, { publicKey: counting(4, 65), signature: counting(0, 64), agent: '' }),
  ],
  [
    'AUTH with a key as text',
    packed(FRAME.AUTH, { publicKey: '02'.repeat(33), signature: counting(0, 64), agent: '' }),
  ],
  ['AUTH without an agent', packed(FRAME.AUTH, { publicKey: counting(2, 33), signature: counting(0, 64) })],
  [
    'OPEN with a name that is too long',
    packed(FRAME.OPEN, { ...open, name: 'n'.repeat(LIMITS.nameCharsMax + 1) }),
  ],
  ['OPEN with a line feed in the name', packed(FRAME.OPEN, { ...open, name: 'a\nb' })],
  ['OPEN with a name that turns the direction', packed(FRAME.OPEN, { ...open, name: 'a\u202eb' })],
  ['OPEN with a name that is not UTF-8', spoiledName()],
  ['OPEN with a signature of 63 bytes', packed(FRAME.OPEN, { ...open, signature: counting(0, 63) })],
  ['OPEN with a commitment of 513 bytes', packed(FRAME.OPEN, { ...open, commitment: new Uint8Array(513) })],
  ['OPEN with a hold above all sats there are', packed(FRAME.OPEN, { ...open, hold: 2.1e15 + 1 })],
  [
    'ATTACH with a stream id of 15 bytes',
    packed(FRAME.ATTACH, { ref: 1, round: ROUND, stream: counting(0, 15) }),
  ],
];

function doubled(): Uint8Array {
  return Uint8Array.of(
    ...packr.pack({ ref: 1, round: ROUND }).subarray(1),
    ...packr.pack({ ref: 2 }).subarray(1),
  );
}

/** The two bytes of "ë" become one that no character starts with. */
function spoiledName(): Uint8Array {
  const frame = packed(FRAME.OPEN, open);
  const at = Buffer.from(frame).indexOf(utf8('ë'));
  return frame.with(at, 0xff);
}

const SERVER: readonly (readonly [string, Uint8Array])[] = [
  ['PAID without an index', Uint8Array.of(FRAME.PAID, 1, 0, 0)],
  ['PAID whose count is above its indexes', Uint8Array.of(FRAME.PAID, 1, 0, 2, 1, 0, 0, 0)],
  [
    'CLOCK with a time that is not a number',
    Uint8Array.of(FRAME.CLOCK, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f),
  ],
  ['READY with a short account', packed(FRAME.READY, { account: 'abcd' })],
  ['ENDED with an unknown reason', packed(FRAME.ENDED, { ref: 0, stream: 1, reason: 'bored', paidSats: 0 })],
  ['DELTA without a time', Uint8Array.of(...stateHead(FRAME.DELTA), 0x80)],
  ['DELTA with an unknown phase', Uint8Array.of(...stateHead(FRAME.DELTA), ...packr.pack({ t: 1, ph: 8 }))],
  [
    'DELTA with a short row',
    Uint8Array.of(...stateHead(FRAME.DELTA), ...packr.pack({ t: 1, p: [[0, 1, 1]] })),
  ],
  ['DELTA without a body', Uint8Array.from(stateHead(FRAME.DELTA))],
  ['KEYFRAME cut in its header', keyframe.subarray(0, 12)],
  ['KEYFRAME cut in its body', keyframe.subarray(0, keyframe.length - 1)],
];

function listed(
  from: MalformedFrame['from'],
  frames: readonly (readonly [string, Uint8Array])[],
): MalformedFrame[] {
  return frames.map(([name, bytes]) => ({ name, from, code: 'BAD_FRAME', hex: toHex(bytes) }));
}

export const MALFORMED_FRAMES: readonly MalformedFrame[] = [
  ...listed('client', CLIENT),
  { name: 'an unknown type', from: 'client', code: 'UNKNOWN_FRAME', hex: '7f00' },
  { name: 'a type of the other side', from: 'client', code: 'UNKNOWN_FRAME', hex: 'a101000000' },
  ...listed('server', SERVER),
  { name: 'an unknown type', from: 'server', code: 'UNKNOWN_FRAME', hex: 'ff' },
  { name: 'a type of the other side', from: 'server', code: 'UNKNOWN_FRAME', hex: '1501000000' },
];

const good = encodeCommitment(COMMITMENT);
/** Offset of the number of chains; a chain takes 40 bytes. */
const CHAINS_AT = 42 + ROUND.length;
const RATE_AT = CHAINS_AT + 1 + 80;

function patched(at: number, bytes: readonly number[]): Uint8Array {
  return concatBytes([good.subarray(0, at), Uint8Array.from(bytes), good.subarray(at + bytes.length)]);
}

export const MALFORMED_COMMITMENTS: readonly { readonly name: string; readonly hex: string }[] = (
  [
    ['one byte short', good.subarray(0, good.length - 1)],
    ['one byte long', Uint8Array.of(...good, 0)],
    ['another magic', patched(0, [0x72])],
    ['version 2', patched(3, [2])],
    ['an unknown network', patched(4, [3])],
    ['a round id of no characters', patched(41, [0])],
    ['a round id with an upper-case letter', patched(42, [0x46])],
    ['no chains', patched(CHAINS_AT, [0])],
    ['more chains than there may be', patched(CHAINS_AT, [5])],
    ['a chain of worthless words', patched(CHAINS_AT + 1, [0, 0, 0, 0])],
    ['a unit above the limit', patched(CHAINS_AT + 1, [0x01, 0xe1, 0xf5, 0x05])],
    ['a chain without words', patched(CHAINS_AT + 5, [0, 0, 0, 0])],
    ['a chain above the longest', patched(CHAINS_AT + 5, [0x41, 0x42, 0x0f, 0])],
    ['two chains with one anchor', patched(CHAINS_AT + 49, [...word(0, 0)])],
    ['a rate of 0', patched(RATE_AT, [0, 0, 0, 0])],
    ['a rate above the limit', patched(RATE_AT, [0xe9, 3, 0, 0])],
    ['an expiry before its beginning', patched(RATE_AT + 12, [0, 0, 0, 0, 0, 0, 0, 0])],
    ['an expiry of 2^53', patched(RATE_AT + 12, [0, 0, 0, 0, 0, 0, 0x20, 0])],
  ] as const
).map(([name, bytes]) => ({ name, hex: toHex(bytes) }));
