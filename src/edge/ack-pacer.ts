/**
 * When PAID is sent: at once for gifts and paused streams, otherwise at most once per interval and stream.
 * Streams whose turn comes later wait in one queue that is ordered by itself, because all wait equally long.
 * An acknowledgement that the socket does not take stays marked in its stream and goes out after the drain.
 */
import { FRAME } from '../protocol/messages.ts';
import { encodeServer } from '../protocol/server-codec.ts';
import type { EdgeStream } from './edge-stream.ts';
import type { Session } from './session.ts';

export class AckPacer {
  readonly #intervalMs: number;
  readonly #sessions: ReadonlyMap<number, Session>;
  #queue: EdgeStream[] = [];
  #head = 0;

  constructor(options: { readonly intervalMs: number; readonly sessions: ReadonlyMap<number, Session> }) {
    this.#intervalMs = options.intervalMs;
    this.#sessions = options.sessions;
  }

  /** `stream.durable` has grown. */
  durable(stream: EdgeStream, options: { now: number; atOnce: boolean }): void {
    stream.ackDirty = true;
    if (options.atOnce || stream.paused) {
      this.send(stream);
    } else if (!stream.ackQueued) {
      stream.ackQueued = true;
      stream.ackDueMs = options.now + this.#intervalMs;
      this.#queue.push(stream);
    }
  }

  /** Tells the viewer now, if there is anything to tell. */
  send(stream: EdgeStream): void {
    if (!stream.ackDirty) return;
    const session = this.#sessions.get(stream.conn);
    if (session === undefined) return;
    if (session.trySend(paidFrame(stream))) stream.ackDirty = false;
  }

  /** The stream ends, and can carry no mark any more: queued like an answer. */
  sendLast(session: Session, stream: EdgeStream): void {
    if (stream.ackDirty) session.reply(paidFrame(stream));
    stream.ackDirty = false;
  }

  sweep(nowMs: number): void {
    for (;;) {
      const stream = this.#queue[this.#head];
      if (stream === undefined || stream.ackDueMs > nowMs) break;
      this.#head++;
      stream.ackQueued = false;
      this.send(stream);
    }
    if (this.#head > 1024 || this.#head === this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}

function paidFrame(stream: EdgeStream): Uint8Array {
  return encodeServer({ type: FRAME.PAID, stream: stream.number, indexes: stream.durable });
}
