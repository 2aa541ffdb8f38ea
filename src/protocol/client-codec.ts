/**
 * Frames from a client: written by the SDK, read by an edge. Reading is strict (exact lengths, exact types) and
 * never throws. What a decoded message holds is copied: a socket's buffer may be gone after the callback.
 */
import { assert, unreachable } from '../core/assert.ts';
import { ByteWriter, fromHex } from '../core/bytes.ts';
import { type Refusal, refuse } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { WordReveal } from '../voucher/types.ts';
import {
  allDefined,
  binField,
  cleanTextField,
  listField,
  requestRefField,
  roundIdField,
  satsField,
  streamIdField,
  u32Field,
} from './fields.ts';
import {
  AGENT_CHARS_MAX,
  FRAME_BYTES_MAX,
  GIFT_HEAD_BYTES,
  GIFT_RECORD_BYTES,
  PAY_BYTES,
  WORD_BYTES,
} from './frame-sizes.ts';
import { u16At, u32At } from './layout.ts';
import { type ClientMessage, FRAME, type GiftMessage, TARGET_NONE } from './messages.ts';
import { type Fields, packFrame, unpackMap } from './msgpack.ts';

export type ClientDecoded =
  | { readonly ok: true; readonly message: ClientMessage }
  | Refusal<'BAD_FRAME' | 'UNKNOWN_FRAME'>;

/** Room for keys of later versions, which are ignored. */
const SCAN = { depthMax: 6, itemsMax: 128 } as const;

/** Asserts that the message can be put on the wire: a value out of range is a bug of the caller. */
export function encodeClient(message: ClientMessage): Uint8Array {
  switch (message.type) {
    case FRAME.AUTH: {
      const { publicKey, signature, agent } = message;
      return pack(message.type, { publicKey, signature, agent });
    }
    case FRAME.JOIN: {
      const { ref, round, resume } = message;
      return pack(message.type, {
        ref,
        round,
        ...(resume === null ? {} : { resume: [resume.epoch, resume.seq] }),
      });
    }
    case FRAME.OPEN: {
      const { ref, commitment, signature, name, holdSats } = message;
      return pack(message.type, { ref, commitment, signature, name, hold: holdSats });
    }
    case FRAME.ATTACH:
      return pack(message.type, {
        ref: message.ref,
        round: message.round,
        stream: fromHex(message.streamId),
      });
    default:
      return encodeFixed(message);
  }
}

function encodeFixed(
  message: Exclude<
    ClientMessage,
    { type: typeof FRAME.AUTH | typeof FRAME.JOIN | typeof FRAME.OPEN | typeof FRAME.ATTACH }
  >,
): Uint8Array {
  const out = new ByteWriter(PAY_BYTES).u8(message.type);
  switch (message.type) {
    case FRAME.LEAVE:
      return out.u32(message.handle).finish();
    case FRAME.CLOSE:
      assert(message.ref > 0, 'a request has a ref above 0');
      return out.u16(message.stream).u32(message.ref).finish();
    case FRAME.PAY:
      writeReveal(out.u16(message.stream).u8(message.target), message.reveal);
      return out.finish();
    case FRAME.GIFT:
      assert(isGiftShaped(message.reveals), 'a gift reveals one word of each of 1 to 4 chains');
      out.u16(message.stream).u8(message.target).u8(message.reveals.length);
      for (const reveal of message.reveals) writeReveal(out, reveal);
      return out.finish();
    case FRAME.WATCH:
      assert(message.target !== TARGET_NONE, 'nobody is written as null');
      return out
        .u16(message.stream)
        .u8(message.target ?? TARGET_NONE)
        .finish();
    case FRAME.CLAP:
      return out.u16(message.stream).u8(message.target).u32(message.count).finish();
    case FRAME.VOTE:
      return out.u16(message.stream).u8(message.target).finish();
    case FRAME.TIME:
      return out.u32(message.token).finish();
    default:
      return unreachable(message);
  }
}

function writeReveal(out: ByteWriter, reveal: WordReveal): void {
  assert(reveal.word.length === WORD_BYTES, 'a word has 32 bytes');
  out.u8(reveal.chain).u32(reveal.index).bytes(reveal.word);
}

function pack(type: number, fields: Fields): Uint8Array {
  const frame = packFrame(Uint8Array.of(type), fields);
  // The same check that the other side makes, so that what is sent is also understood.
  assert(decodeClient(frame).ok, `a field of client frame 0x${type.toString(16)} is out of range`);
  return frame;
}

/** `bytes` is one whole frame. UNKNOWN_FRAME: no client sends this type. BAD_FRAME: anything else that is wrong. */
export function decodeClient(bytes: Uint8Array): ClientDecoded {
  const message = decode(bytes);
  if (message === 'unknown') return refuse('UNKNOWN_FRAME');
  return message === undefined ? refuse('BAD_FRAME') : { ok: true, message };
}

function decode(bytes: Uint8Array): ClientMessage | 'unknown' | undefined {
  const type = bytes[0];
  switch (type) {
    case undefined:
      return undefined;
    case FRAME.PAY:
      if (bytes.length !== PAY_BYTES) return undefined;
      return { type, stream: u16At(bytes, 1), target: bytes[3] as number, reveal: revealAt(bytes, 4) };
    case FRAME.GIFT:
      return decodeGift(bytes);
    case FRAME.TIME:
      return bytes.length === FRAME_BYTES_MAX.TIME ? { type, token: u32At(bytes, 1) } : undefined;
    case FRAME.WATCH: {
      if (bytes.length !== FRAME_BYTES_MAX.WATCH) return undefined;
      const target = bytes[3] as number;
      return { type, stream: u16At(bytes, 1), target: target === TARGET_NONE ? null : target };
    }
    case FRAME.CLAP:
      if (bytes.length !== FRAME_BYTES_MAX.CLAP) return undefined;
      return { type, stream: u16At(bytes, 1), target: bytes[3] as number, count: u32At(bytes, 4) };
    case FRAME.VOTE:
      if (bytes.length !== FRAME_BYTES_MAX.VOTE) return undefined;
      return { type, stream: u16At(bytes, 1), target: bytes[3] as number };
    case FRAME.LEAVE:
      return bytes.length === FRAME_BYTES_MAX.LEAVE ? { type, handle: u32At(bytes, 1) } : undefined;
    case FRAME.CLOSE: {
      if (bytes.length !== FRAME_BYTES_MAX.CLOSE) return undefined;
      const ref = requestRefField(u32At(bytes, 3));
      return ref === undefined ? undefined : { type, stream: u16At(bytes, 1), ref };
    }
    case FRAME.AUTH:
      return decodeAuth(fieldsOf(bytes, FRAME_BYTES_MAX.AUTH));
    case FRAME.JOIN:
      return decodeJoin(fieldsOf(bytes, FRAME_BYTES_MAX.JOIN));
    case FRAME.OPEN:
      return decodeOpen(fieldsOf(bytes, FRAME_BYTES_MAX.OPEN));
    case FRAME.ATTACH:
      return decodeAttach(fieldsOf(bytes, FRAME_BYTES_MAX.ATTACH));
    default:
      return 'unknown';
  }
}

function revealAt(bytes: Uint8Array, at: number): WordReveal {
  return {
    chain: bytes[at] as number,
    index: u32At(bytes, at + 1),
    word: copyOf(bytes, at + 5, WORD_BYTES),
  };
}

/** Never a view: `slice` of a Node Buffer would be one. */
function copyOf(bytes: Uint8Array, at: number, size: number): Uint8Array {
  const out = new Uint8Array(size);
  for (let i = 0; i < size; i++) out[i] = bytes[at + i] as number;
  return out;
}

function decodeGift(bytes: Uint8Array): GiftMessage | undefined {
  const count = bytes[4] ?? 0;
  if (count > LIMITS.chainsMax || bytes.length !== GIFT_HEAD_BYTES + count * GIFT_RECORD_BYTES)
    return undefined;
  const reveals: WordReveal[] = [];
  for (let i = 0; i < count; i++) reveals.push(revealAt(bytes, GIFT_HEAD_BYTES + i * GIFT_RECORD_BYTES));
  if (!isGiftShaped(reveals)) return undefined;
  return { type: FRAME.GIFT, stream: u16At(bytes, 1), target: bytes[3] as number, reveals };
}

/** Two words of one chain in a gift would make its value depend on their order. */
function isGiftShaped(reveals: readonly WordReveal[]): boolean {
  const chains = new Set(reveals.map((reveal) => reveal.chain));
  return reveals.length >= 1 && reveals.length <= LIMITS.chainsMax && chains.size === reveals.length;
}

/** An empty map stands for a body that is not acceptable: no frame has only optional fields. */
function fieldsOf(bytes: Uint8Array, sizeMax: number): Fields {
  return (bytes.length > sizeMax ? undefined : unpackMap(bytes, 1, SCAN)) ?? {};
}

function decodeAuth(fields: Fields): ClientMessage | undefined {
  return allDefined({
    type: FRAME.AUTH,
    publicKey: binField(fields['publicKey'], 33),
    signature: binField(fields['signature'], 64),
    agent: cleanTextField(fields['agent'], AGENT_CHARS_MAX),
  });
}

function decodeJoin(fields: Fields): ClientMessage | undefined {
  return allDefined({
    type: FRAME.JOIN,
    ref: requestRefField(fields['ref']),
    round: roundIdField(fields['round']),
    resume: resumeField(fields['resume']),
  });
}

/** Absent and nil both mean that there is nothing to resume from. */
function resumeField(value: unknown): { readonly epoch: number; readonly seq: number } | null | undefined {
  if (value === undefined || value === null) return null;
  const [epoch, seq] = listField(value, 2, u32Field) ?? [];
  return allDefined({ epoch, seq });
}

function decodeOpen(fields: Fields): ClientMessage | undefined {
  return allDefined({
    type: FRAME.OPEN,
    ref: requestRefField(fields['ref']),
    commitment: commitmentField(fields['commitment']),
    signature: binField(fields['signature'], 64),
    name: cleanTextField(fields['name'], LIMITS.nameCharsMax),
    holdSats: satsField(fields['hold']),
  });
}

/** Bounded here, understood by `decodeCommitment`. */
function commitmentField(value: unknown): Uint8Array | undefined {
  return value instanceof Uint8Array && value.length <= LIMITS.commitmentBytesMax ? value : undefined;
}

function decodeAttach(fields: Fields): ClientMessage | undefined {
  return allDefined({
    type: FRAME.ATTACH,
    ref: requestRefField(fields['ref']),
    round: roundIdField(fields['round']),
    streamId: streamIdField(fields['stream']),
  });
}
