/**
 * Frames to a client: written by an edge, read by the SDK. Reading is as strict as on the other side, never
 * throws, and copies what it keeps.
 */
import { assert, unreachable } from '../core/assert.ts';
import { ByteWriter, fromHex } from '../core/bytes.ts';
import { CODES, type Code, type Refusal, refuse } from '../core/errors.ts';
import { isAccountId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { StreamEndReason } from '../round/effects.ts';
import { NETWORKS } from '../voucher/types.ts';
import {
  allDefined,
  binField,
  booleanField,
  listField,
  nullableField,
  oneOfField,
  requestRefField,
  roundIdField,
  satsField,
  streamIdField,
  stringField,
  timeField,
  u32Field,
  uintField,
} from './fields.ts';
import { FRAME_BYTES_MAX, MESSAGE_CHARS_MAX, PAID_HEAD_BYTES } from './frame-sizes.ts';
import { u16At, u32At } from './layout.ts';
import { FRAME, type ServerMessage } from './messages.ts';
import { type Fields, packFrame, unpackMap } from './msgpack.ts';
import { decodeDelta, decodeKeyframe, encodeDelta, encodeKeyframe } from './state-codec.ts';
import { targetField } from './state-rows.ts';

export type ServerDecoded =
  | { readonly ok: true; readonly message: ServerMessage }
  | Refusal<'BAD_FRAME' | 'UNKNOWN_FRAME'>;

const SCAN = { depthMax: 6, itemsMax: 256 } as const;

const END_REASONS: readonly StreamEndReason[] = ['closed', 'replaced', 'taken', 'roundOver', 'cancelled'];

/** Asserts that the message can be put on the wire: a value out of range is a bug of the caller. */
export function encodeServer(message: ServerMessage): Uint8Array {
  switch (message.type) {
    case FRAME.PAID: {
      assert(message.indexes.length >= 1 && message.indexes.length <= LIMITS.chainsMax, 'an index a chain');
      const out = new ByteWriter(FRAME_BYTES_MAX.PAID).u8(message.type).u16(message.stream);
      out.u8(message.indexes.length);
      for (const index of message.indexes) out.u32(index);
      return out.finish();
    }
    case FRAME.CLOCK: {
      const out = new Uint8Array(FRAME_BYTES_MAX.CLOCK);
      const view = new DataView(out.buffer);
      view.setUint8(0, message.type);
      view.setUint32(1, message.token, true);
      view.setFloat64(5, message.serverTimeMs, true);
      return out;
    }
    case FRAME.KEYFRAME:
      return encodeKeyframe(message);
    case FRAME.DELTA:
      return encodeDelta(message);
    case FRAME.STREAM: {
      const { type, streamId, ...fields } = message;
      return pack(type, { ...fields, streamId: fromHex(streamId) });
    }
    case FRAME.WELCOME:
    case FRAME.READY:
    case FRAME.JOINED:
    case FRAME.ERROR:
    case FRAME.ENDED: {
      const { type, ...fields } = message;
      return pack(type, fields);
    }
    default:
      return unreachable(message);
  }
}

function pack(type: number, fields: Fields): Uint8Array {
  const frame = packFrame(Uint8Array.of(type), fields);
  assert(decodeServer(frame).ok, `a field of server frame 0x${type.toString(16)} is out of range`);
  return frame;
}

/** `bytes` is one whole frame. UNKNOWN_FRAME: no server of this version sends the type. BAD_FRAME: all other faults. */
export function decodeServer(bytes: Uint8Array): ServerDecoded {
  const message = decode(bytes);
  if (message === 'unknown') return refuse('UNKNOWN_FRAME');
  return message === undefined ? refuse('BAD_FRAME') : { ok: true, message };
}

function decode(bytes: Uint8Array): ServerMessage | 'unknown' | undefined {
  switch (bytes[0]) {
    case undefined:
      return undefined;
    case FRAME.KEYFRAME:
      return decodeKeyframe(bytes);
    case FRAME.DELTA:
      return decodeDelta(bytes);
    case FRAME.PAID:
      return decodePaid(bytes);
    case FRAME.CLOCK:
      return decodeClock(bytes);
    case FRAME.WELCOME:
      return decodeWelcome(fieldsOf(bytes, FRAME_BYTES_MAX.WELCOME));
    case FRAME.READY:
      return decodeReady(fieldsOf(bytes, FRAME_BYTES_MAX.READY));
    case FRAME.JOINED:
      return decodeJoined(fieldsOf(bytes, FRAME_BYTES_MAX.JOINED));
    case FRAME.STREAM:
      return decodeStream(fieldsOf(bytes, FRAME_BYTES_MAX.STREAM));
    case FRAME.ERROR:
      return decodeError(fieldsOf(bytes, FRAME_BYTES_MAX.ERROR));
    case FRAME.ENDED:
      return decodeEnded(fieldsOf(bytes, FRAME_BYTES_MAX.ENDED));
    default:
      return 'unknown';
  }
}

/** An empty map stands for a body that is not acceptable: no frame has only optional fields. */
function fieldsOf(bytes: Uint8Array, sizeMax: number): Fields {
  return (bytes.length > sizeMax ? undefined : unpackMap(bytes, 1, SCAN)) ?? {};
}

function decodePaid(bytes: Uint8Array): ServerMessage | undefined {
  const count = bytes[3] ?? 0;
  if (count < 1 || count > LIMITS.chainsMax || bytes.length !== PAID_HEAD_BYTES + 4 * count) return undefined;
  const indexes: number[] = [];
  for (let i = 0; i < count; i++) indexes.push(u32At(bytes, PAID_HEAD_BYTES + 4 * i));
  return { type: FRAME.PAID, stream: u16At(bytes, 1), indexes };
}

function decodeClock(bytes: Uint8Array): ServerMessage | undefined {
  if (bytes.length !== FRAME_BYTES_MAX.CLOCK) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return allDefined({
    type: FRAME.CLOCK,
    token: u32At(bytes, 1),
    serverTimeMs: clockField(view.getFloat64(5, true)),
  });
}

/** A clock may be read finer than milliseconds. */
function clockField(value: unknown): number | undefined {
  const valid = typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
  return valid ? value + 0 : undefined; // -0 becomes 0
}

function decodeWelcome(fields: Fields): ServerMessage | undefined {
  return allDefined({
    type: FRAME.WELCOME,
    v: fields['v'] === 1 ? (1 as const) : undefined,
    network: oneOfField(fields['network'], NETWORKS),
    nonce: binField(fields['nonce'], 32),
    serverTimeMs: clockField(fields['serverTimeMs']),
    authTimeoutMs: u32Field(fields['authTimeoutMs']),
    idleTimeoutMs: u32Field(fields['idleTimeoutMs']),
    maxFrameBytes: u32Field(fields['maxFrameBytes']),
  });
}

function decodeReady(fields: Fields): ServerMessage | undefined {
  const account = fields['account'];
  return isAccountId(account) ? { type: FRAME.READY, account } : undefined;
}

function decodeJoined(fields: Fields): ServerMessage | undefined {
  return allDefined({
    type: FRAME.JOINED,
    ref: requestRefField(fields['ref']),
    round: roundIdField(fields['round']),
    handle: u32Field(fields['handle']),
    resumed: booleanField(fields['resumed']),
  });
}

function streamNumberField(value: unknown): number | undefined {
  return uintField(value, 0xffff);
}

function indexesField(value: unknown): number[] | undefined {
  const indexes = listField(value, LIMITS.chainsMax, u32Field);
  return indexes?.length === 0 ? undefined : indexes;
}

function decodeStream(fields: Fields): ServerMessage | undefined {
  return allDefined({
    type: FRAME.STREAM,
    ref: u32Field(fields['ref']),
    stream: streamNumberField(fields['stream']),
    round: roundIdField(fields['round']),
    streamId: streamIdField(fields['streamId']),
    holdSats: satsField(fields['holdSats']),
    paidSats: satsField(fields['paidSats']),
    watchSats: satsField(fields['watchSats']),
    watchFromMs: timeField(fields['watchFromMs']),
    indexes: indexesField(fields['indexes']),
    vote: nullableField(fields['vote'], targetField),
    claps: listField(fields['claps'], LIMITS.participantsMax, u32Field),
    watching: nullableField(fields['watching'], targetField),
  });
}

/** A code that this version does not know is read as INTERNAL: `message` and `retryable` still say what to do. */
function codeField(value: unknown): Code | undefined {
  if (typeof value !== 'string' || !/^[A-Z][A-Z_]{1,47}$/.test(value)) return undefined;
  return isCode(value) ? value : 'INTERNAL';
}

function isCode(value: string): value is Code {
  return Object.hasOwn(CODES, value);
}

function decodeError(fields: Fields): ServerMessage | undefined {
  return allDefined({
    type: FRAME.ERROR,
    ref: u32Field(fields['ref']),
    stream: nullableField(fields['stream'], streamNumberField),
    code: codeField(fields['code']),
    message: stringField(fields['message'], MESSAGE_CHARS_MAX),
    retryable: booleanField(fields['retryable']),
    frame: fields['frame'] === undefined ? 0 : uintField(fields['frame'], 0xff),
  });
}

function decodeEnded(fields: Fields): ServerMessage | undefined {
  return allDefined({
    type: FRAME.ENDED,
    ref: u32Field(fields['ref']),
    stream: streamNumberField(fields['stream']),
    reason: oneOfField(fields['reason'], END_REASONS),
    paidSats: satsField(fields['paidSats']),
  });
}
