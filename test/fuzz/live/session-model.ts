/**
 * What an attacker may be answered. TIME after each step is a barrier: an edge handles the frames of a connection in
 * order, so when CLOCK is here, the refusal of whatever was wrong before it has to be here too.
 */
import { CODES, type Code } from '../../../src/core/errors.ts';
import { CLOSE } from '../../../src/protocol/close-codes.ts';
import { FRAME, type ServerMessage } from '../../../src/protocol/messages.ts';
import { insist } from '../target.ts';

export type ProtocolCode = 'BAD_FRAME' | 'UNKNOWN_FRAME' | 'TEXT_FRAME' | 'NOT_AUTHENTICATED';

const PROTOCOL_CODES: readonly Code[] = ['BAD_FRAME', 'UNKNOWN_FRAME', 'TEXT_FRAME', 'NOT_AUTHENTICATED'];
const PROTOCOL_ERRORS_MAX = 3;
const BAD_WORDS_MAX = 3;

/** Codes of section 14 of docs/PROTOCOL.md. */
const WIRE_CODES: readonly Code[] = [
  ...PROTOCOL_CODES,
  'BAD_SIGNATURE',
  'RATE_LIMITED',
  'UNAVAILABLE',
  'BAD_REQUEST',
  'ROUND_NOT_FOUND',
  'ROUND_NOT_OPEN',
  'ROUND_OVER',
  'ROUND_FULL',
  'UNKNOWN_TARGET',
  'BAD_COMMITMENT',
  'WRONG_NONCE',
  'WRONG_PAYER',
  'COMMITMENT_EXPIRED',
  'STREAM_EXISTS',
  'STREAM_TAKEN',
  'INSUFFICIENT_FUNDS',
  'UNKNOWN_STREAM',
  'UNKNOWN_CHAIN',
  'CHAIN_EXHAUSTED',
  'STEP_TOO_LARGE',
  'OVER_HOLD',
  'TOO_EARLY',
  'BAD_WORD',
  'ALREADY_VOTED',
  'CLAP_FLOOD',
];

export class SessionModel {
  /** Protocol errors that have to be answered, in order. */
  readonly expected: ProtocolCode[] = [];
  readonly answered: ProtocolCode[] = [];
  readonly refs: Set<number> = new Set();
  /** By stream: the ref of its CLOSE. */
  readonly closes: Map<number, number> = new Map();
  badWords = 0;
  /** More than is allowed was sent, so the connection may be closed for it at any moment. */
  flooding = false;
  /** The frame was above maxFrameBytes: answered once, and closed. */
  oversized = false;
  wrongAuth = false;
  /** Something that the WebSocket library itself ends a connection for. */
  violated = false;
  /** The client itself said goodbye. */
  left = false;
  #looked = 0;
  #states = new Map<number, { readonly epoch: number; readonly seq: number }>();

  /** Takes what came since the last look. */
  look(messages: readonly ServerMessage[]): void {
    for (; this.#looked < messages.length; this.#looked++) {
      const message = messages[this.#looked];
      if (message !== undefined) this.#take(message);
    }
  }

  /** After a barrier: every protocol error was answered, by its code, in order. */
  checkAnswered(): void {
    const [want, got] = [this.expected, this.answered].map((codes) => codes.join(' '));
    insist(want === got, `the protocol errors were answered by [${got ?? ''}] and not by [${want ?? ''}]`);
    insist(this.expected.length < PROTOCOL_ERRORS_MAX, 'the third protocol error left the connection open');
    insist(this.badWords < BAD_WORDS_MAX, 'the third bad word left the connection open');
  }

  /** After the end: the close code is the one for what was done. */
  checkEnd(closeCode: number | null): void {
    if (this.left || this.violated) return;
    const reasons: number[] = [];
    if (this.answered.length >= PROTOCOL_ERRORS_MAX || this.oversized) reasons.push(CLOSE.PROTOCOL_ERROR);
    if (this.wrongAuth) reasons.push(CLOSE.AUTH_FAILED);
    if (this.badWords >= BAD_WORDS_MAX) reasons.push(CLOSE.BAD_WORDS);
    if (this.flooding) reasons.push(CLOSE.OVERLOADED);
    const given = reasons.join(' or ') || 'no reason';
    insist(
      closeCode !== null && reasons.includes(closeCode),
      `closed by ${String(closeCode)}, with ${given} for it`,
    );
  }

  #take(message: ServerMessage): void {
    switch (message.type) {
      case FRAME.ERROR:
        return this.#error(message);
      case FRAME.ENDED:
        this.refs.delete(this.closes.get(message.stream) ?? 0);
        this.refs.delete(message.ref);
        return;
      case FRAME.JOINED:
      case FRAME.STREAM:
        this.refs.delete(message.ref);
        return;
      case FRAME.KEYFRAME:
        this.#states.set(message.handle, { epoch: message.epoch, seq: message.seq });
        return;
      case FRAME.DELTA: {
        const before = this.#states.get(message.handle);
        const { epoch, seq } = message;
        const follows = before === undefined || (before.epoch === epoch && before.seq + 1 >= seq);
        insist(follows, `a gap before DELTA ${epoch}.${seq}, after ${before?.epoch}.${before?.seq}`);
        this.#states.set(message.handle, { epoch, seq });
        return;
      }
      default:
    }
  }

  #error({ code, ref, retryable, message }: Extract<ServerMessage, { type: typeof FRAME.ERROR }>): void {
    const known = WIRE_CODES.find((each) => each === code);
    insist(known !== undefined, `answered by ${code}, which is no code of the wire`);
    insist(retryable === CODES[known].retryable && message !== '', `${code} is not told as documented`);
    this.refs.delete(ref);
    if (isProtocolCode(known)) {
      insist(ref === 0 || known === 'NOT_AUTHENTICATED', `${code} has ref ${ref}`);
      this.answered.push(known);
    }
    if (known === 'BAD_WORD') this.badWords++;
  }
}

function isProtocolCode(code: Code): code is ProtocolCode {
  return PROTOCOL_CODES.includes(code);
}
