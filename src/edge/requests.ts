/**
 * JOIN, LEAVE, OPEN and ATTACH. A request for a round whose state is not here yet waits for the keyframe; one
 * that was handed to a shard is kept until it is answered, so that it can be handed to the shard's next life.
 */
import { accountOfPublicKey } from '../core/account-key.ts';
import { unreachable } from '../core/assert.ts';
import { type Code } from '../core/errors.ts';
import type { RoundId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import {
  type AttachMessage,
  FRAME,
  type JoinMessage,
  type LeaveMessage,
  type OpenMessage,
} from '../protocol/messages.ts';
import { encodeServer } from '../protocol/server-codec.ts';
import { decodeCommitment } from '../voucher/commitment.ts';
import type { EdgeContext } from './edge-context.ts';
import type { Audience } from './fan-out.ts';
import { checkOpen } from './open-check.ts';
import type { RoundFeed } from './round-feed.ts';
import { type ErrorSubject, type PendingRequest, type Session, withEntry, withoutEntry } from './session.ts';
import { EDGE_TUNING } from './settings.ts';

export class Requests {
  readonly #context: EdgeContext;

  constructor(context: EdgeContext) {
    this.#context = context;
  }

  handle(session: Session, message: JoinMessage | OpenMessage | AttachMessage, nowMs: number): void {
    const roundId = roundOf(message);
    if (roundId === undefined) return session.error('BAD_COMMITMENT', about(message));
    const feed = this.#context.directory.byId(roundId);
    if (feed === undefined) return session.error('ROUND_NOT_FOUND', about(message));
    if (feed.live) return this.#act(session, message, feed, nowMs);
    if (session.waiting + session.pending.length >= EDGE_TUNING.requestsMax) {
      return session.error('RATE_LIMITED', about(message));
    }
    session.waiting++;
    feed.waiting.push({ session, message, sinceMs: nowMs });
    this.#context.directory.use(feed);
  }

  leave(session: Session, message: LeaveMessage): void {
    const audience = audienceIn(session, message.handle);
    if (audience === undefined) return;
    session.rounds = withoutEntry(session.rounds, audience);
    session.socket.unsubscribe(audience.topic);
    audience.followers--;
    const feed = this.#context.directory.byHandle(message.handle);
    if (feed !== undefined) this.#context.directory.release(feed);
  }

  /** The round's state is here: what waited for it goes on. */
  admit(feed: RoundFeed, nowMs: number): void {
    const { waiting } = feed;
    feed.waiting = [];
    for (const { session, message } of waiting) {
      session.waiting--;
      if (!session.closed) this.#act(session, message, feed, nowMs);
      this.#context.directory.release(feed);
    }
  }

  /** Refuses what has waited too long, or everything: the round is gone. */
  expire(feed: RoundFeed, code: Code, sinceMs: number): void {
    if (feed.waiting.length === 0) return;
    const late = feed.waiting.filter((request) => request.sinceMs <= sinceMs || request.session.closed);
    feed.waiting = feed.waiting.filter((request) => !late.includes(request));
    for (const { session, message } of late) {
      session.waiting--;
      session.error(code, about(message));
      this.#context.directory.release(feed);
    }
  }

  /** Takes the request that an answer of a shard belongs to out of the list. */
  answered(session: Session, handle: number, ref: number): void {
    const request = session.pending.find((one) => one.ref === ref && one.handle === handle);
    if (request === undefined) return;
    session.pending = withoutEntry(session.pending, request);
    const feed = this.#context.directory.byHandle(handle);
    if (feed !== undefined) this.#context.directory.release(feed);
  }

  #act(
    session: Session,
    message: JoinMessage | OpenMessage | AttachMessage,
    feed: RoundFeed,
    nowMs: number,
  ): void {
    switch (message.type) {
      case FRAME.JOIN:
        return this.#join(session, message, feed);
      case FRAME.OPEN:
        return this.#open(session, message, feed, nowMs);
      case FRAME.ATTACH:
        return this.#attach(session, message, feed);
      default:
        return unreachable(message);
    }
  }

  #join(session: Session, message: JoinMessage, feed: RoundFeed): void {
    const { ref } = message;
    const { fanOut } = this.#context;
    let audience = audienceIn(session, feed.handle);
    if (audience === undefined) {
      if (session.rounds.length >= LIMITS.roundsPerConnectionMax) {
        return session.error('RATE_LIMITED', about(message));
      }
      audience = fanOut.join(feed.audiences, feed.handle);
      session.rounds = withEntry(session.rounds, audience);
      this.#context.directory.use(feed);
    }
    fanOut.flush(audience); // what is sent now covers it
    const missed = message.resume === null ? undefined : feed.missed(message.resume);
    const joined = (resumed: boolean): Uint8Array =>
      encodeServer({ type: FRAME.JOINED, ref, round: feed.roundId, handle: feed.handle, resumed });
    if (!session.trySend(joined(missed !== undefined))) {
      // Behind: it gets a keyframe when the socket has drained, after the answers.
      session.reply(joined(false));
    } else {
      for (const frame of missed ?? [feed.keyframe()]) if (!session.trySend(frame)) break;
    }
    if (!session.closed && !session.muted) session.socket.subscribe(audience.topic);
  }

  #open(session: Session, message: OpenMessage, feed: RoundFeed, nowMs: number): void {
    const { publicKey } = session;
    const decoded = decodeCommitment(message.commitment);
    if (publicKey === null || feed.state === null || !decoded.ok) return;
    const place = {
      network: this.#context.settings.network,
      nonce: session.nonce,
      account: accountOfPublicKey(publicKey, this.#context.hashes),
      publicKey,
      state: feed.state,
      nowMs,
    };
    const checked = checkOpen(message, decoded.commitment, place, this.#context);
    if (!checked.ok) return session.error(checked.code, about(message));
    const { ref, name, holdSats } = message;
    const from = { edge: this.#context.edge, conn: session.conn, ref };
    this.#ask(session, feed, {
      ref,
      input: { kind: 'open', from, signed: checked.signed, name, holdSats },
    });
  }

  #attach(session: Session, message: AttachMessage, feed: RoundFeed): void {
    if (session.publicKey === null) return;
    const { ref, streamId } = message;
    const from = { edge: this.#context.edge, conn: session.conn, ref };
    this.#ask(session, feed, {
      ref,
      input: { kind: 'attach', from, streamId, publicKey: session.publicKey },
    });
  }

  #ask(session: Session, feed: RoundFeed, request: Pick<PendingRequest, 'ref' | 'input'>): void {
    const { ref, input } = request;
    // Streams that are open count as well: the round cannot know how many this connection has elsewhere.
    if (session.streams.length + session.pending.length >= LIMITS.streamsPerConnectionMax) {
      return session.error('RATE_LIMITED', { ref, frame: frameOf(input) });
    }
    if (!this.#context.directory.push(feed, input)) {
      return session.error('UNAVAILABLE', { ref, frame: frameOf(input) });
    }
    session.pending = withEntry(session.pending, { ref, handle: feed.handle, input });
    this.#context.directory.use(feed);
  }
}

function audienceIn(session: Session, handle: number): Audience | undefined {
  return session.rounds.find((audience) => audience.handle === handle);
}

/** The frame that a request came in. */
export function frameOf(input: PendingRequest['input']): number {
  return input.kind === 'open' ? FRAME.OPEN : FRAME.ATTACH;
}

function about(message: JoinMessage | OpenMessage | AttachMessage): ErrorSubject {
  return { ref: message.ref, frame: message.type };
}

function roundOf(message: JoinMessage | OpenMessage | AttachMessage): RoundId | undefined {
  if (message.type !== FRAME.OPEN) return message.round;
  const decoded = decodeCommitment(message.commitment);
  return decoded.ok ? decoded.commitment.roundId : undefined;
}
