/**
 * What shards tell an edge, turned into state for everybody and answers for single viewers. Owned by the edge
 * thread.
 *
 * A keyframe of another epoch says that the round was restored and forgot its connections: every stream of it is
 * attached again, and until its grant comes its words are dropped (what is lost with them, later words prove).
 */
import { unreachable } from '../core/assert.ts';
import type { Code } from '../core/errors.ts';
import type { EdgeLinkMessage } from '../actors/link.ts';
import type { EdgeEffect } from '../actors/messages.ts';
import { FRAME } from '../protocol/messages.ts';
import { encodeServer } from '../protocol/server-codec.ts';
import {
  PAID_CHAINS,
  PAID_CONN,
  PAID_GIFT,
  PAID_INDEXES,
  PAID_ROW_NUMBERS,
  PAID_SLOT,
} from '../round/paid-rows.ts';
import type { RefusedWhat, StreamEndReason } from '../round/effects.ts';
import type { EdgeContext } from './edge-context.ts';
import { EdgeStream } from './edge-stream.ts';
import type { FrameHandler } from './frame-handler.ts';
import { type Requests, frameOf } from './requests.ts';
import type { RoundFeed } from './round-feed.ts';
import { type Session, withEntry, withoutEntry } from './session.ts';
import { EDGE_TUNING } from './settings.ts';

const FRAME_OF: Readonly<Record<RefusedWhat, number>> = {
  open: FRAME.OPEN,
  attach: FRAME.ATTACH,
  close: FRAME.CLOSE,
  pay: FRAME.PAY,
  gift: FRAME.GIFT,
  watch: FRAME.WATCH,
  clap: FRAME.CLAP,
  vote: FRAME.VOTE,
};

/** Answers to an attach after which asking again is of no use. */
const ATTACH_FINAL_CODES: ReadonlySet<Code> = new Set(['UNKNOWN_STREAM', 'WRONG_PAYER', 'ROUND_NOT_FOUND']);

type Effect<K extends EdgeEffect['kind']> = Extract<EdgeEffect, { kind: K }>;

export class ShardMail {
  readonly #context: EdgeContext;
  readonly #requests: Requests;
  readonly #frames: FrameHandler;
  readonly #defer: (run: () => void) => void;
  /** Streams that wait for a grant. */
  readonly #detached = new Set<EdgeStream>();

  constructor(
    context: EdgeContext,
    parts: {
      readonly requests: Requests;
      readonly frames: FrameHandler;
      /** Runs `run` in the next turn of the loop. */
      readonly defer: (run: () => void) => void;
    },
  ) {
    this.#context = context;
    this.#requests = parts.requests;
    this.#frames = parts.frames;
    this.#defer = parts.defer;
  }

  handle(message: EdgeLinkMessage): void {
    const feed = this.#context.directory.byHandle(message.handle);
    if (feed === undefined) return this.#orphaned(message);
    switch (message.kind) {
      case 'keyframe':
        return this.#keyframe(feed, message);
      case 'delta':
        return this.#delta(feed, message);
      case 'effects':
        for (const effect of message.effects) this.#effect(feed, effect);
        return;
      default:
        return unreachable(message);
    }
  }

  /** The links to these rounds are cut: their streams take no words until they are granted anew. */
  cutOff(feeds: ReadonlySet<RoundFeed>): void {
    const handles = new Set([...feeds].map((feed) => feed.handle));
    for (const session of this.#context.sessions.values()) {
      for (const stream of session.streams) if (handles.has(stream.handle)) this.#detach(stream);
    }
  }

  /** The round is gone from memory: nobody can pay it any more. */
  gone(feed: RoundFeed): void {
    this.#requests.expire(feed, 'ROUND_NOT_FOUND', Infinity);
    for (const session of this.#context.sessions.values()) {
      for (const request of session.pending.filter((one) => one.handle === feed.handle)) {
        this.#requests.answered(session, feed.handle, request.ref);
        session.error('ROUND_NOT_FOUND', { ref: request.ref, frame: frameOf(request.input) });
      }
      for (const stream of session.streams.filter((one) => one.handle === feed.handle)) {
        this.#endWithRound(session, stream, feed);
      }
    }
  }

  /** Sends the attaches that were not answered once more. */
  sweep(nowMs: number): void {
    for (const stream of this.#detached) {
      const session = this.#context.sessions.get(stream.conn);
      const feed = this.#context.directory.byHandle(stream.handle);
      if (session === undefined || feed === undefined) this.#detached.delete(stream);
      else if (stream.endsAtMs !== null) {
        if (nowMs >= stream.endsAtMs) this.#endWithRound(session, stream, feed);
      } else if (feed.live && nowMs - stream.attachAskedMs >= EDGE_TUNING.reattachMs) {
        this.#askAttach(session, stream, feed, nowMs);
      }
    }
  }

  /** The round did not say itself how the stream ended. One that was cancelled has given everything back. */
  #endWithRound(session: Session, stream: EdgeStream, feed: RoundFeed): void {
    if (feed.state?.phase === 'cancelled') this.#end(session, stream, { reason: 'cancelled', paidSats: 0 });
    else this.#end(session, stream, { reason: 'roundOver', paidSats: stream.durableSats });
  }

  #keyframe(feed: RoundFeed, message: Extract<EdgeLinkMessage, { kind: 'keyframe' }>): void {
    const { epoch, seq, state } = message;
    const nowMs = this.#context.clock.nowMs();
    const isKnown = feed.state !== null;
    const restored = isKnown && feed.epoch !== epoch;
    const changed = !isKnown || restored || feed.seq !== seq;
    const wasLive = feed.live;
    feed.live = true;
    feed.resyncing = false;
    if (changed) {
      feed.restart(epoch, seq, state);
      if (isKnown) this.#toAll(feed, feed.keyframe());
    }
    if (restored || !wasLive) this.#beginAgain(feed);
    this.#requests.admit(feed, nowMs);
  }

  #delta(feed: RoundFeed, message: Extract<EdgeLinkMessage, { kind: 'delta' }>): void {
    if (feed.advance(message.epoch, message.seq, message.frame, this.#context.clock.nowMs())) {
      this.#toAll(feed, message.frame);
    } else if (message.epoch === feed.epoch && message.seq > feed.seq) {
      this.#context.directory.resync(feed);
    }
  }

  #toAll(feed: RoundFeed, frame: Uint8Array): void {
    this.#context.counters.framesPublished++;
    this.#context.fanOut.publish(feed.audiences, frame);
  }

  /** The shard knows nobody: it is asked again what its former life did not answer, and for every stream. */
  #beginAgain(feed: RoundFeed): void {
    for (const session of this.#context.sessions.values()) {
      for (const stream of session.streams) if (stream.handle === feed.handle) this.#detach(stream);
      // Requests that the shard's former life did not answer; a stream it opened after all answers as existing.
      for (const request of session.pending) {
        if (request.handle === feed.handle) this.#context.directory.push(feed, request.input);
      }
    }
    // In the next turn: the frame, which shows viewers that the round goes on, is sent at the end of this one.
    const { epoch } = feed;
    this.#defer(() => this.#attachAll(feed, epoch));
  }

  #attachAll(feed: RoundFeed, epoch: number): void {
    if (!feed.live || feed.epoch !== epoch) return; // cut off again; its next keyframe comes here too
    const nowMs = this.#context.clock.nowMs();
    for (const stream of this.#detached) {
      const session = this.#context.sessions.get(stream.conn);
      if (stream.handle === feed.handle && session !== undefined)
        this.#askAttach(session, stream, feed, nowMs);
    }
  }

  #detach(stream: EdgeStream): void {
    stream.attached = false;
    this.#detached.add(stream);
  }

  #askAttach(session: Session, stream: EdgeStream, feed: RoundFeed, nowMs: number): void {
    const { publicKey, conn } = session;
    if (publicKey === null) return;
    stream.attachAskedMs = nowMs;
    const from = { edge: this.#context.edge, conn, ref: 0 };
    // When the link is full, the sweep tries again.
    this.#context.directory.push(feed, { kind: 'attach', from, streamId: stream.streamId, publicKey });
  }

  #effect(feed: RoundFeed, effect: EdgeEffect): void {
    switch (effect.kind) {
      case 'granted':
        return this.#granted(feed, effect);
      case 'refused':
        return this.#refused(feed, effect);
      case 'paid':
        return this.#paid(feed, effect);
      case 'streamEnded': {
        const session = this.#context.sessions.get(effect.conn);
        const stream = session?.streamAt(feed.handle, effect.slot);
        if (session === undefined || stream === undefined) return;
        return this.#end(session, stream, effect);
      }
      default:
        return unreachable(effect);
    }
  }

  #granted(feed: RoundFeed, { to, grant }: Effect<'granted'>): void {
    const session = this.#context.sessions.get(to.conn);
    if (session === undefined) {
      // The viewer left before the answer came: the round has to know that nobody watches.
      const { edge } = this.#context;
      this.#context.directory.push(feed, { kind: 'detach', edge, conn: to.conn, slots: [grant.slot] });
      return;
    }
    if (to.ref !== 0) this.#requests.answered(session, feed.handle, to.ref);
    let stream = session.streams.find((one) => one.streamId === grant.streamId && one.handle === feed.handle);
    const wasCut = stream?.attached === false;
    if (stream === undefined) {
      const number = session.nextStreamNumber();
      stream = new EdgeStream({ number, conn: session.conn, handle: feed.handle, grant });
      session.streams = withEntry(session.streams, stream);
      this.#context.directory.use(feed);
    } else {
      stream.regrant(grant);
      this.#detached.delete(stream);
    }
    session.reply(
      encodeServer({
        type: FRAME.STREAM,
        ref: to.ref,
        stream: stream.number,
        round: feed.roundId,
        streamId: grant.streamId,
        holdSats: grant.holdSats,
        paidSats: grant.paidSats,
        watchSats: grant.watchSats,
        watchFromMs: grant.watchFromMs,
        indexes: stream.durable,
        vote: grant.vote,
        claps: grant.claps,
        watching: grant.watching,
      }),
    );
    if (wasCut && stream.closeRef !== 0) this.#frames.askClose(session, stream.closeRef, stream, feed);
    if (stream.held !== null) this.#frames.replay(session, stream);
  }

  #refused(feed: RoundFeed, refusal: Effect<'refused'>): void {
    const { to, what, code, slot } = refusal;
    const session = this.#context.sessions.get(to.conn);
    if (session === undefined) return;
    if (to.ref !== 0) return this.#requestRefused(session, feed, refusal);
    if (what === 'attach') return this.#attachRefused(session, feed, refusal);
    const stream = slot === null ? undefined : session.streamAt(feed.handle, slot);
    // A round that its shard does not have (any more) is taken from here too, which ends its streams.
    if (stream === undefined || code === 'ROUND_NOT_FOUND') return;
    const isWord = what === 'pay' || what === 'gift';
    // Words that were merely lost on the way are no news: the STREAM that follows has the viewer send them again.
    if (!isWord || code !== 'UNAVAILABLE') {
      session.error(code, { stream: stream.number, frame: FRAME_OF[what] });
    }
    // With UNKNOWN_STREAM the stream is not this connection's any more: its ENDED is on its way.
    if (isWord && code !== 'UNKNOWN_STREAM') this.#undo(session, stream, feed);
  }

  /** Words that were accepted here do not count: the tips have to become the round's own again. */
  #undo(session: Session, stream: EdgeStream, feed: RoundFeed): void {
    if (!stream.attached) return; // asked for already; what was under way before that is part of the answer
    if (stream.closeRef !== 0) return; // no word counts any more
    this.#detach(stream);
    this.#askAttach(session, stream, feed, this.#context.clock.nowMs());
  }

  #requestRefused(session: Session, feed: RoundFeed, refusal: Effect<'refused'>): void {
    const { what, code, slot } = refusal;
    const { ref } = refusal.to;
    this.#requests.answered(session, feed.handle, ref);
    const stream = slot === null ? undefined : session.streamAt(feed.handle, slot);
    session.error(code, { ref, stream: stream?.number ?? null, frame: FRAME_OF[what] });
    if (stream === undefined || stream.closeRef !== ref) return;
    // The stream goes on. Words may have been refused meanwhile, and left to its end.
    stream.closeRef = 0;
    if (code !== 'UNKNOWN_STREAM') this.#undo(session, stream, feed);
  }

  /** The answer to an attach that this edge asked for: either there will be no grant, or the sweep asks again. */
  #attachRefused(session: Session, feed: RoundFeed, { code, slot }: Effect<'refused'>): void {
    const waiting = session.streams.filter((one) => one.handle === feed.handle && !one.attached);
    const stream = slot === null ? waiting[0] : waiting.find((one) => one.slot === slot);
    if (stream === undefined) return; // granted meanwhile, to an earlier attach
    if (code === 'ROUND_OVER') {
      // The round says itself how the stream ended, once that is durable; a restored one has forgotten whom to tell.
      stream.endsAtMs ??= this.#context.clock.nowMs() + EDGE_TUNING.endGraceMs;
    } else if (ATTACH_FINAL_CODES.has(code)) {
      session.error(code, { stream: stream.number });
      this.#end(session, stream, { reason: 'closed', paidSats: stream.durableSats });
    }
  }

  #paid(feed: RoundFeed, { rows }: Effect<'paid'>): void {
    const now = this.#context.clock.nowMs();
    for (let at = 0; at < rows.length; at += PAID_ROW_NUMBERS) {
      const session = this.#context.sessions.get(rows[at + PAID_CONN] as number);
      const stream = session?.streamAt(feed.handle, rows[at + PAID_SLOT] as number);
      if (stream === undefined) continue;
      stream.durable = indexesAt(rows, at);
      this.#context.acks.durable(stream, { now, atOnce: rows[at + PAID_GIFT] === 1 });
    }
  }

  #end(
    session: Session,
    stream: EdgeStream,
    end: { readonly reason: StreamEndReason; readonly paidSats: number },
  ): void {
    const { reason, paidSats } = end;
    session.streams = withoutEntry(session.streams, stream);
    this.#detached.delete(stream);
    const feed = this.#context.directory.byHandle(stream.handle);
    if (feed !== undefined) this.#context.directory.release(feed);
    this.#context.acks.sendLast(session, stream);
    session.reply(
      encodeServer({
        type: FRAME.ENDED,
        ref: reason === 'closed' ? stream.closeRef : 0,
        stream: stream.number,
        reason,
        paidSats,
      }),
    );
  }

  /** The round was unplaced: grants still under way are to be undone by its shard, which is letting it go. */
  #orphaned(message: EdgeLinkMessage): void {
    this.#context.logger.debug('message for a round that is gone', { handle: message.handle });
  }
}

/** A row of `paid-rows.ts`. */
function indexesAt(rows: Uint32Array, at: number): number[] {
  const indexes: number[] = [];
  const to = at + PAID_INDEXES + (rows[at + PAID_CHAINS] as number);
  for (let column = at + PAID_INDEXES; column < to; column++) indexes.push(rows[column] as number);
  return indexes;
}
