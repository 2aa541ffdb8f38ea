/** Builds docs/protocol-vectors.json from the story in vector-inputs.ts. */
import { toHex } from '../../src/core/bytes.ts';
import { encodeClient } from '../../src/protocol/client-codec.ts';
import { type ClientMessage, FRAME, SUBPROTOCOL, type ServerMessage } from '../../src/protocol/messages.ts';
import { encodeServer } from '../../src/protocol/server-codec.ts';
import { nativeSignatures } from '../../src/platform/signatures.ts';
import { authBytes, encodeCommitment } from '../../src/voucher/commitment.ts';
import type { Commitment } from '../../src/voucher/types.ts';
import { acceptanceVectors } from './acceptance-vectors.ts';
import { MALFORMED_COMMITMENTS, MALFORMED_FRAMES } from './malformed-vectors.ts';
import {
  ACCOUNT,
  CHAINS,
  COMMITMENT,
  FULL_DELTA,
  LIVE_STATE,
  LONG_COMMITMENT,
  NONCE,
  PRIVATE_KEY,
  PUBLIC_KEY,
  ROUND,
  SEEDS,
  SETTLED_STATE,
  SMALL_DELTA,
  START_MS,
  STREAM_ID,
  sha256,
  word,
} from './vector-inputs.ts';

const sign = (bytes: Uint8Array): Uint8Array => nativeSignatures.sign(sha256(bytes), PRIVATE_KEY);

const head = { handle: 7, epoch: 3, seq: 41 };
const reveal = (chain: number, index: number): { chain: number; index: number; word: Uint8Array } => ({
  chain,
  index,
  word: word(chain, index),
});

const CLIENT: readonly (readonly [string, ClientMessage])[] = [
  [
    'AUTH',
    {
      type: FRAME.AUTH,
      publicKey: PUBLIC_KEY,
      signature: sign(authBytes('dev', NONCE)),
      agent: 'vectors/1',
    },
  ],
  ['JOIN', { type: FRAME.JOIN, ref: 1, round: ROUND, resume: null }],
  ['JOIN, resuming', { type: FRAME.JOIN, ref: 2, round: ROUND, resume: { epoch: 3, seq: 40 } }],
  ['LEAVE', { type: FRAME.LEAVE, handle: 7 }],
  [
    'OPEN',
    {
      type: FRAME.OPEN,
      ref: 3,
      commitment: encodeCommitment(COMMITMENT),
      signature: sign(encodeCommitment(COMMITMENT)),
      name: 'Zoë',
      holdSats: 40_000,
    },
  ],
  ['ATTACH', { type: FRAME.ATTACH, ref: 4, round: ROUND, streamId: STREAM_ID }],
  ['CLOSE', { type: FRAME.CLOSE, stream: 1, ref: 5 }],
  ['PAY', { type: FRAME.PAY, stream: 1, target: 1, reveal: reveal(0, 1) }],
  ['GIFT, one chain', { type: FRAME.GIFT, stream: 1, target: 0, reveals: [reveal(1, 25)] }],
  ['GIFT, two chains', { type: FRAME.GIFT, stream: 1, target: 0, reveals: [reveal(1, 25), reveal(0, 301)] }],
  ['WATCH', { type: FRAME.WATCH, stream: 1, target: 1 }],
  ['WATCH, nobody', { type: FRAME.WATCH, stream: 1, target: null }],
  ['CLAP', { type: FRAME.CLAP, stream: 1, target: 1, count: 258 }],
  ['VOTE', { type: FRAME.VOTE, stream: 1, target: 0 }],
  ['TIME', { type: FRAME.TIME, token: 0x01020304 }],
];

const SERVER: readonly (readonly [string, ServerMessage])[] = [
  [
    'WELCOME',
    {
      type: FRAME.WELCOME,
      v: 1,
      network: 'dev',
      nonce: NONCE,
      serverTimeMs: START_MS - 30_000,
      authTimeoutMs: 10_000,
      idleTimeoutMs: 60_000,
      maxFrameBytes: 4096,
    },
  ],
  ['READY', { type: FRAME.READY, account: ACCOUNT }],
  ['JOINED', { type: FRAME.JOINED, ref: 1, round: ROUND, handle: 7, resumed: false }],
  [
    'STREAM, new',
    {
      type: FRAME.STREAM,
      ref: 3,
      stream: 1,
      round: ROUND,
      streamId: STREAM_ID,
      holdSats: 40_000,
      paidSats: 0,
      watchSats: 0,
      watchFromMs: START_MS,
      indexes: [0, 0],
      vote: null,
      claps: [0, 0],
      watching: null,
    },
  ],
  [
    'STREAM, unasked',
    {
      type: FRAME.STREAM,
      ref: 0,
      stream: 1,
      round: ROUND,
      streamId: STREAM_ID,
      holdSats: 40_000,
      paidSats: 25_312,
      watchSats: 12,
      watchFromMs: START_MS,
      indexes: [312, 25],
      vote: 0,
      claps: [0, 258],
      watching: 1,
    },
  ],
  [
    'ERROR, to a request',
    {
      type: FRAME.ERROR,
      ref: 3,
      stream: null,
      code: 'INSUFFICIENT_FUNDS',
      message: 'The available balance does not cover this.',
      retryable: false,
      frame: FRAME.OPEN,
    },
  ],
  [
    'ERROR, to a word',
    {
      type: FRAME.ERROR,
      ref: 0,
      stream: 1,
      code: 'TOO_EARLY',
      message: 'More seconds were paid than have been watched.',
      retryable: true,
      frame: FRAME.PAY,
    },
  ],
  ['ENDED', { type: FRAME.ENDED, ref: 5, stream: 1, reason: 'closed', paidSats: 25_312 }],
  ['KEYFRAME, live', { type: FRAME.KEYFRAME, ...head, state: LIVE_STATE }],
  ['KEYFRAME, settled', { type: FRAME.KEYFRAME, ...head, state: SETTLED_STATE }],
  ['DELTA, small', { type: FRAME.DELTA, ...head, seq: 42, delta: SMALL_DELTA }],
  ['DELTA, everything', { type: FRAME.DELTA, ...head, seq: 43, delta: FULL_DELTA }],
  ['PAID', { type: FRAME.PAID, stream: 1, indexes: [312, 25] }],
  ['CLOCK', { type: FRAME.CLOCK, token: 0x01020304, serverTimeMs: START_MS + 0.5 }],
];

/** Frames that mean the same as another one but are written in another way; a server takes them too. */
const ALTERNATIVES: readonly { name: string; hex: string; message: ClientMessage }[] = [
  {
    name: 'JOIN with ref in 64 bits, nil for resume, and a key of a later version',
    hex: `0284a3726566cf0000000000000001a5726f756e64ac${toHex(new TextEncoder().encode(ROUND))}a6726573756d65c0a3666f6fc3`,
    message: { type: FRAME.JOIN, ref: 1, round: ROUND, resume: null },
  },
  {
    name: 'JOIN with ref as float 32, a map 32 and a str 32',
    hex: `02df00000002a3726566ca3f800000a5726f756e64db0000000c${toHex(new TextEncoder().encode(ROUND))}`,
    message: { type: FRAME.JOIN, ref: 1, round: ROUND, resume: null },
  },
];

/** JSON with byte strings as hex. */
export function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, one: unknown) => (one instanceof Uint8Array ? toHex(one) : one)),
  );
}

function commitmentVector(commitment: Commitment): Record<string, unknown> {
  const bytes = encodeCommitment(commitment);
  return { commitment, bytes, sha256: sha256(bytes), signature: sign(bytes) };
}

/** What the file holds, as plain JSON. */
export function buildVectors(): unknown {
  return plain({
    about:
      'Golden vectors of the wire protocol; docs/PROTOCOL.md says what they mean. Byte strings are lower-case hex.',
    subprotocol: SUBPROTOCOL,
    key: { privateKey: PRIVATE_KEY, publicKey: PUBLIC_KEY, account: ACCOUNT },
    hashChains: CHAINS.map((chain, i) => ({
      seed: SEEDS[i],
      length: chain.length,
      words: [0, 1, 2, 25, 300, 301, chain.length - 1, chain.length].map((index) => ({
        index,
        word: chain.word(index),
      })),
    })),
    auth: {
      network: 'dev',
      nonce: NONCE,
      bytes: authBytes('dev', NONCE),
      sha256: sha256(authBytes('dev', NONCE)),
      signature: sign(authBytes('dev', NONCE)),
    },
    commitments: [COMMITMENT, LONG_COMMITMENT].map(commitmentVector),
    malformedCommitments: MALFORMED_COMMITMENTS,
    clientFrames: CLIENT.map(([name, message]) => ({ name, hex: encodeClient(message), message })),
    clientAlternatives: ALTERNATIVES,
    serverFrames: SERVER.map(([name, message]) => ({ name, hex: encodeServer(message), message })),
    malformedFrames: MALFORMED_FRAMES,
    acceptance: acceptanceVectors(),
  });
}
