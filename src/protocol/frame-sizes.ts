/** The largest size of each frame, type byte included. Beyond it a frame is refused before it is looked at. */
import { LIMITS } from '../core/limits.ts';
import { FRAME } from './messages.ts';

export const WORD_BYTES = 32;
export const PAY_BYTES = 41;
/** A gift's bytes before its records, and those of one record. */
export const GIFT_HEAD_BYTES = 5;
export const GIFT_RECORD_BYTES = 37;
/** Type, handle, epoch, seq. */
export const STATE_HEAD_BYTES = 13;
export const PAID_HEAD_BYTES = 4;

/** Characters (UTF-16 code units) of an AUTH's `agent`. */
export const AGENT_CHARS_MAX = 64;
/** Characters of an ERROR's `message`. */
export const MESSAGE_CHARS_MAX = 256;
export const FRAME_BYTES_MAX: Readonly<Record<keyof typeof FRAME, number>> = {
  AUTH: 512,
  JOIN: 256,
  LEAVE: 5,
  OPEN: 1024,
  ATTACH: 256,
  CLOSE: 7,
  PAY: PAY_BYTES,
  GIFT: GIFT_HEAD_BYTES + LIMITS.chainsMax * GIFT_RECORD_BYTES,
  WATCH: 4,
  CLAP: 8,
  VOTE: 4,
  TIME: 5,
  WELCOME: 512,
  READY: 128,
  JOINED: 256,
  STREAM: 1024,
  ERROR: 2048,
  ENDED: 128,
  KEYFRAME: 65_536,
  DELTA: 65_536,
  PAID: PAID_HEAD_BYTES + 4 * LIMITS.chainsMax,
  CLOCK: 13,
};

/** Largest frame a client can have to send: what an edge takes at all, and announces in WELCOME. */
export const CLIENT_FRAME_BYTES_MAX = 1024;
