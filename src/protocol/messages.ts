/**
 * The wire protocol `ringside.v1` as data: every frame a client or an edge can send. docs/PROTOCOL.md is the
 * same in words, to the byte; codecs are in `client-codec.ts` and `server-codec.ts`.
 *
 * Frames are binary. Byte 0 is the type. Types with a fixed layout are little-endian; the others carry one
 * msgpack map after the type (state frames: after their 13-byte header).
 */
import type { Code } from '../core/errors.ts';
import type { AccountId, RoundId, StreamId } from '../core/ids.ts';
import type { StreamEndReason } from '../round/effects.ts';
import type { PublicDelta, PublicState } from '../round/public-state.ts';
import type { Network, WordReveal } from '../voucher/types.ts';

export const SUBPROTOCOL = 'ringside.v1';

export const FRAME = {
  // client -> server
  AUTH: 0x01,
  JOIN: 0x02,
  LEAVE: 0x03,
  OPEN: 0x04,
  ATTACH: 0x05,
  CLOSE: 0x06,
  PAY: 0x10,
  GIFT: 0x11,
  WATCH: 0x12,
  CLAP: 0x13,
  VOTE: 0x14,
  TIME: 0x15,
  // server -> client
  WELCOME: 0x81,
  READY: 0x82,
  JOINED: 0x83,
  STREAM: 0x84,
  ERROR: 0x85,
  ENDED: 0x86,
  KEYFRAME: 0x90,
  DELTA: 0x91,
  PAID: 0xa0,
  CLOCK: 0xa1,
} as const;

/** No target: the viewer watches nobody. */
export const TARGET_NONE = 0xff;

/* ---- client -> server ---- */

/** msgpack {publicKey: bin 33, signature: bin 64, agent: str <= 64} */
export interface AuthMessage {
  readonly type: typeof FRAME.AUTH;
  readonly publicKey: Uint8Array;
  /** Over SHA-256 of `authBytes(network, nonce)`. */
  readonly signature: Uint8Array;
  readonly agent: string;
}
/** msgpack {ref: u32, round: str, resume?: [epoch u32, seq u32]} */
export interface JoinMessage {
  readonly type: typeof FRAME.JOIN;
  readonly ref: number;
  readonly round: RoundId;
  readonly resume: { readonly epoch: number; readonly seq: number } | null;
}
/** fixed: type u8, round handle u32 (5 bytes) */
export interface LeaveMessage {
  readonly type: typeof FRAME.LEAVE;
  readonly handle: number;
}
/** msgpack {ref: u32, commitment: bin, signature: bin 64, name: str, hold: uint} */
export interface OpenMessage {
  readonly type: typeof FRAME.OPEN;
  readonly ref: number;
  readonly commitment: Uint8Array;
  readonly signature: Uint8Array;
  readonly name: string;
  readonly holdSats: number;
}
/** msgpack {ref: u32, round: str, stream: bin 16} */
export interface AttachMessage {
  readonly type: typeof FRAME.ATTACH;
  readonly ref: number;
  readonly round: RoundId;
  readonly streamId: StreamId;
}
/** fixed: type u8, stream u16, ref u32 (7 bytes). `stream` here and below is the connection's number from STREAM. */
export interface CloseMessage {
  readonly type: typeof FRAME.CLOSE;
  readonly stream: number;
  readonly ref: number;
}
/** fixed: type u8, stream u16, target u8, chain u8, index u32, word 32 (41 bytes) */
export interface PayMessage {
  readonly type: typeof FRAME.PAY;
  readonly stream: number;
  readonly target: number;
  readonly reveal: WordReveal;
}
/** fixed: type u8, stream u16, target u8, count u8 (1..chainsMax), then per record chain u8, index u32, word 32 */
export interface GiftMessage {
  readonly type: typeof FRAME.GIFT;
  readonly stream: number;
  readonly target: number;
  /** At most one per chain; applied together or not at all. */
  readonly reveals: readonly WordReveal[];
}
/** fixed: type u8, stream u16, target u8 (TARGET_NONE: nobody) (4 bytes) */
export interface WatchMessage {
  readonly type: typeof FRAME.WATCH;
  readonly stream: number;
  readonly target: number | null;
}
/** fixed: type u8, stream u16, target u8, count u32: claps so far for this target (8 bytes) */
export interface ClapMessage {
  readonly type: typeof FRAME.CLAP;
  readonly stream: number;
  readonly target: number;
  readonly count: number;
}
/** fixed: type u8, stream u16, target u8 (4 bytes) */
export interface VoteMessage {
  readonly type: typeof FRAME.VOTE;
  readonly stream: number;
  readonly target: number;
}
/** fixed: type u8, token u32 (5 bytes); answered at once by CLOCK */
export interface TimeMessage {
  readonly type: typeof FRAME.TIME;
  readonly token: number;
}

export type ClientMessage =
  | AuthMessage
  | JoinMessage
  | LeaveMessage
  | OpenMessage
  | AttachMessage
  | CloseMessage
  | PayMessage
  | GiftMessage
  | WatchMessage
  | ClapMessage
  | VoteMessage
  | TimeMessage;

/* ---- server -> client ---- */

/** msgpack {v: 1, network: str, nonce: bin 32, serverTimeMs: f64, authTimeoutMs, idleTimeoutMs, maxFrameBytes} */
export interface WelcomeMessage {
  readonly type: typeof FRAME.WELCOME;
  readonly v: 1;
  readonly network: Network;
  readonly nonce: Uint8Array;
  readonly serverTimeMs: number;
  readonly authTimeoutMs: number;
  /** A connection that sends nothing (not even TIME or a ping) for this long is closed. */
  readonly idleTimeoutMs: number;
  readonly maxFrameBytes: number;
}
/** msgpack {account: str} */
export interface ReadyMessage {
  readonly type: typeof FRAME.READY;
  readonly account: AccountId;
}
/** msgpack {ref, round: str, handle, resumed: bool}; the state frames follow at once */
export interface JoinedMessage {
  readonly type: typeof FRAME.JOINED;
  readonly ref: number;
  readonly round: RoundId;
  readonly handle: number;
  /** True: the missed deltas follow. False: a keyframe follows. */
  readonly resumed: boolean;
}
/**
 * msgpack, see PROTOCOL.md. Answers OPEN and ATTACH; also sent unasked (`ref` 0) after the engine restored the
 * round: then the tips are what is durable, and gifts above them have to be sent again, in order.
 */
export interface StreamMessage {
  readonly type: typeof FRAME.STREAM;
  readonly ref: number;
  readonly stream: number;
  readonly round: RoundId;
  readonly streamId: StreamId;
  readonly holdSats: number;
  readonly paidSats: number;
  readonly watchSats: number;
  readonly watchFromMs: number;
  /** Highest durable index by chain. */
  readonly indexes: readonly number[];
  readonly vote: number | null;
  readonly claps: readonly number[];
  readonly watching: number | null;
}
/** msgpack {ref, stream: u16 or nil, code: str, message: str, retryable: bool, frame: u8} */
export interface ErrorMessage {
  readonly type: typeof FRAME.ERROR;
  /** 0 when it answers a frame without a ref. */
  readonly ref: number;
  readonly stream: number | null;
  readonly code: Code;
  readonly message: string;
  readonly retryable: boolean;
  /** Type of the frame that was refused; 0 when that is not known, or when the frame is no frame of this protocol. */
  readonly frame: number;
}
/** msgpack {ref, stream: u16, reason: str, paidSats}; the number of the stream is free after this */
export interface EndedMessage {
  readonly type: typeof FRAME.ENDED;
  readonly ref: number;
  readonly stream: number;
  readonly reason: StreamEndReason;
  readonly paidSats: number;
}
/** header: type u8, handle u32, epoch u32, seq u32 (13 bytes), then a msgpack map */
export interface KeyframeMessage {
  readonly type: typeof FRAME.KEYFRAME;
  readonly handle: number;
  readonly epoch: number;
  readonly seq: number;
  readonly state: PublicState;
}
/** Same header. Applies to the state of the same epoch and `seq - 1` only. */
export interface DeltaMessage {
  readonly type: typeof FRAME.DELTA;
  readonly handle: number;
  readonly epoch: number;
  readonly seq: number;
  readonly delta: PublicDelta;
}
/** fixed: type u8, stream u16, count u8, then index u32 per chain: durable up to here, cumulative */
export interface PaidMessage {
  readonly type: typeof FRAME.PAID;
  readonly stream: number;
  readonly indexes: readonly number[];
}
/** fixed: type u8, token u32, serverTimeMs f64 (13 bytes) */
export interface ClockMessage {
  readonly type: typeof FRAME.CLOCK;
  readonly token: number;
  readonly serverTimeMs: number;
}

export type ServerMessage =
  | WelcomeMessage
  | ReadyMessage
  | JoinedMessage
  | StreamMessage
  | ErrorMessage
  | EndedMessage
  | KeyframeMessage
  | DeltaMessage
  | PaidMessage
  | ClockMessage;
