/**
 * Reads the frames of a WebSocket server (RFC 6455 section 5) out of whatever pieces a socket reads: several frames at
 * once, or a part of one. Frames that are whole in a piece are handed on where they lie; only a frame that is split is
 * copied. A server does not mask, and the servers this is for do not fragment messages: both are errors here.
 */

/** What a parser hands on; `bytes[from..to)` is the payload and valid only during the call. */
export interface FrameSink {
  onMessage(bytes: Uint8Array, from: number, to: number, isText: boolean): void;
  onPing(bytes: Uint8Array, from: number, to: number): void;
  /** 1005: the frame named no code. */
  onClose(code: number): void;
}

/** Longer messages are an error: the largest frame of the protocol has 64 KiB. */
const PAYLOAD_BYTES_MAX = 1 << 20;
const NO_CODE = 1005;
const FIN = 0x80;
const OPCODE = { TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;
const NOTHING: Uint8Array = new Uint8Array(0);

export class ServerFrameParser {
  readonly #sink: FrameSink;
  /** The beginning of a frame whose end was not read yet. */
  #held: Uint8Array = NOTHING;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** False: this is no server's side of a WebSocket, or none we can read; nothing more must be pushed. */
  push(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.#held.length === 0) return this.#take(bytes, from, to);
    const joined = new Uint8Array(this.#held.length + to - from);
    joined.set(this.#held);
    joined.set(bytes.subarray(from, to), this.#held.length);
    this.#held = NOTHING;
    return this.#take(joined, 0, joined.length);
  }

  #take(bytes: Uint8Array, from: number, to: number): boolean {
    let at = from;
    while (to - at >= 2) {
      const first = bytes[at] as number;
      const short = bytes[at + 1] as number;
      if ((first & 0xf0) !== FIN || short > 127) return false;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (to - at < head) break;
      const size = short < 126 ? short : payloadSize(bytes, at + 2, head - 2);
      if (size > PAYLOAD_BYTES_MAX) return false;
      const start = at + head;
      if (to - start < size) break;
      if (!this.#hand(first & 0x0f, bytes, start, start + size)) return false;
      at = start + size;
    }
    // Not `slice`, which is a view when it is a Buffer's.
    if (at < to) this.#held = new Uint8Array(bytes.subarray(at, to));
    return true;
  }

  #hand(opcode: number, bytes: Uint8Array, from: number, to: number): boolean {
    switch (opcode) {
      case OPCODE.BINARY:
        this.#sink.onMessage(bytes, from, to, false);
        return true;
      case OPCODE.TEXT:
        this.#sink.onMessage(bytes, from, to, true);
        return true;
      case OPCODE.PING:
        this.#sink.onPing(bytes, from, to);
        return true;
      case OPCODE.PONG:
        return true;
      case OPCODE.CLOSE:
        this.#sink.onClose(to - from < 2 ? NO_CODE : payloadSize(bytes, from, 2));
        return true;
      default:
        return false;
    }
  }
}

/** Big-endian. */
function payloadSize(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + (bytes[at + i] as number);
  return value;
}
