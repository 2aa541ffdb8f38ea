/**
 * Connections that do not read what they are sent: conflate, then disconnect. Owned by the edge thread.
 *
 * What uWebSockets.js 20.51 does, as measured: a socket above `maxBackpressure` is skipped by `publish` as by
 * `send`; `dropped` is called for the first frame that a socket misses in one turn of the loop, the others of
 * that turn are skipped without a word. So one `dropped` means that any round of the connection may have missed
 * something. Unsent bytes become less before `drain` is called, too, so the next published frame may get through
 * although one before it did not: subscriptions are therefore taken off before anything else is published. Not in
 * `dropped`, which is called while the library walks through the subscribers.
 */
import { CLOSE } from '../protocol/close-codes.ts';
import type { EdgeContext } from './edge-context.ts';
import type { Session } from './session.ts';
import { EDGE_TUNING } from './settings.ts';

export class SlowReaders {
  readonly #context: EdgeContext;
  readonly #behind = new Set<Session>();
  /** Those of them that are still subscribed. */
  #subscribed: Session[] = [];
  readonly #lowWaterBytes: number;

  constructor(context: EdgeContext) {
    this.#context = context;
    this.#lowWaterBytes = context.settings.maxBackpressureBytes * EDGE_TUNING.lowWaterShare;
  }

  /** A frame was not taken by the socket. Calls nothing on the socket. */
  mark(session: Session): void {
    if (session.closed || session.behindSinceMs !== null) return;
    session.behindSinceMs = this.#context.clock.nowMs();
    this.#behind.add(session);
    this.#subscribed.push(session);
  }

  /** To be called before each publishing. */
  beforePublish(): void {
    if (this.#subscribed.length === 0) return;
    const sessions = this.#subscribed;
    this.#subscribed = [];
    for (const session of sessions) {
      if (session.behindSinceMs !== null && !session.closed) this.#mute(session);
    }
  }

  forget(session: Session): void {
    this.#behind.delete(session);
  }

  drained(session: Session): void {
    if (session.behindSinceMs === null) return;
    if (session.socket.bufferedBytes() <= this.#lowWaterBytes) this.#catchUp(session);
  }

  sweep(nowMs: number): void {
    for (const session of this.#behind) {
      if (session.behindSinceMs === null) continue;
      if (nowMs - session.behindSinceMs < this.#context.settings.slowReaderMs) continue;
      session.close(CLOSE.SLOW_READER);
    }
  }

  #mute(session: Session): void {
    if (session.muted) return;
    session.muted = true;
    for (const { topic } of session.rounds) session.socket.unsubscribe(topic);
  }

  /**
   * Answers, acknowledgements, one keyframe per round; whatever is not taken waits for the next drain. Off the
   * topics first: a frame that is queued for the socket in this turn would go out before what is sent now.
   */
  #catchUp(session: Session): void {
    const sinceMs = session.behindSinceMs;
    this.#mute(session);
    session.behindSinceMs = null;
    this.#behind.delete(session);
    if (this.#sendAll(session)) {
      session.muted = false;
      for (const { topic } of session.rounds) session.socket.subscribe(topic);
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
    for (const audience of session.rounds) {
      const feed = this.#context.directory.byHandle(audience.handle);
      if (feed === undefined || feed.state === null) continue;
      this.#context.fanOut.flush(audience); // what the keyframe covers does not come after it
      if (!session.trySend(feed.keyframe())) return false;
    }
    return true;
  }
}
