/**
 * Connections that do not read what they are sent: conflate, then disconnect. Owned by the edge thread.
 *
 * What uWebSockets.js 20.51 does, as measured: a socket above `maxBackpressure` is skipped by `publish` as by
 * `send`; `dropped` is called for the first frame that a socket misses in one turn of the loop, the others of
 * that turn are skipped without a word; `drain` is the only moment at which the unsent bytes become less. So one
 * `dropped` means that any round of the connection may have missed something, and nothing reaches it until
 * `drain`; subscriptions are taken off there or in the sweep, never in `dropped`, which may be called from
 * inside the publishing.
 */
import { CLOSE } from '../protocol/close-codes.ts';
import type { EdgeContext } from './edge-context.ts';
import type { Session } from './session.ts';
import { EDGE_TUNING } from './settings.ts';

export class SlowReaders {
  readonly #context: EdgeContext;
  readonly #behind = new Set<Session>();
  readonly #lowWaterBytes: number;

  constructor(context: EdgeContext) {
    this.#context = context;
    this.#lowWaterBytes = context.settings.maxBackpressureBytes * EDGE_TUNING.lowWaterShare;
  }

  get size(): number {
    return this.#behind.size;
  }

  /** A frame was not taken by the socket. Calls nothing on the socket. */
  mark(session: Session): void {
    if (session.closed || session.behindSinceMs !== null) return;
    session.behindSinceMs = this.#context.clock.nowMs();
    this.#behind.add(session);
  }

  forget(session: Session): void {
    this.#behind.delete(session);
  }

  drained(session: Session): void {
    if (session.behindSinceMs === null) return;
    if (session.socket.bufferedBytes() > this.#lowWaterBytes) this.#mute(session);
    else this.#catchUp(session);
  }

  sweep(nowMs: number): void {
    for (const session of this.#behind) {
      if (session.behindSinceMs === null) continue;
      if (nowMs - session.behindSinceMs >= this.#context.settings.slowReaderMs) {
        session.close(CLOSE.SLOW_READER);
      } else {
        this.#mute(session);
      }
    }
  }

  #mute(session: Session): void {
    if (session.muted) return;
    session.muted = true;
    for (const topic of this.#topics(session)) session.socket.unsubscribe(topic);
  }

  /** Answers, acknowledgements, one keyframe per round; whatever is not taken waits for the next drain. */
  #catchUp(session: Session): void {
    const sinceMs = session.behindSinceMs;
    session.behindSinceMs = null;
    this.#behind.delete(session);
    if (this.#sendAll(session)) {
      if (session.closed || !session.muted) return;
      session.muted = false;
      for (const topic of this.#topics(session)) session.socket.subscribe(topic);
    } else if (session.behindSinceMs !== null) {
      // It counts from when it first fell behind: reading a little now and then is not enough.
      session.behindSinceMs = sinceMs;
    }
  }

  #sendAll(session: Session): boolean {
    if (!session.flushReplies()) return false;
    for (const stream of session.streams) {
      this.#context.acks.send(stream);
      if (stream.ackDirty) return false;
    }
    for (const handle of session.rounds) {
      const feed = this.#context.directory.byHandle(handle);
      if (feed !== undefined && feed.state !== null && !session.trySend(feed.keyframe())) return false;
    }
    return true;
  }

  #topics(session: Session): string[] {
    return session.rounds.flatMap((handle) => this.#context.directory.byHandle(handle)?.topic ?? []);
  }
}
