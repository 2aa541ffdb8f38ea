/**
 * State frames on their way to everybody who follows a round. Owned by the edge thread.
 *
 * A frame costs a send for each viewer: with 15,000 of them a tenth of a second, in which no word and no gift would be
 * read. So the followers of a round are divided into audiences, each a topic of its own, and a large round is served
 * some audiences at a turn of the loop:
 *
 *   publish -> pending of each audience -> (at most `deliveriesPerTurn`) topics -> next turn: the next audiences
 *
 * A frame that comes while others are under way waits in the same lists. An audience gets all that waits for it at once,
 * which the library puts into one send: so no frame takes longer than one round through all audiences, and frames that
 * come faster than that cost no more sends. The order of an audience's frames never changes.
 */
import type { Publish } from './socket.ts';

export interface FanOutLimits {
  /** Followers of one audience. */
  readonly audienceMax: number;
  /** Sends in one turn of the loop; one audience is always served whole. */
  readonly deliveriesPerTurn: number;
}

/** Some of the followers of one round. Shared by their sessions. */
export interface Audience {
  readonly handle: number;
  readonly topic: string;
  followers: number;
  /** Frames that were published to the round and not yet to this audience, oldest first. */
  pending: Uint8Array[];
}

export class FanOut {
  readonly #publish: Publish;
  readonly #limits: FanOutLimits;
  readonly #defer: (run: () => void) => void;
  /** Those with frames pending, in the order in which they are served. */
  #queue: Audience[] = [];
  #isDeferred = false;
  readonly #deferred = (): void => {
    this.#isDeferred = false;
    this.#serve();
  };

  constructor(options: {
    readonly publish: Publish;
    readonly limits: FanOutLimits;
    /** Runs `run` in the next turn of the loop, after what has arrived meanwhile. */
    readonly defer: (run: () => void) => void;
  }) {
    this.#publish = options.publish;
    this.#limits = options.limits;
    this.#defer = options.defer;
  }

  /** The audience that somebody who joins becomes part of; `flush` it before they are subscribed. */
  join(audiences: Audience[], handle: number): Audience {
    let audience = audiences.find(({ followers }) => followers < this.#limits.audienceMax);
    if (audience === undefined) {
      audience = { handle, topic: `round-${handle}/${audiences.length}`, followers: 0, pending: [] };
      audiences.push(audience);
    }
    audience.followers++;
    return audience;
  }

  publish(audiences: readonly Audience[], frame: Uint8Array): void {
    for (const audience of audiences) {
      if (audience.followers === 0) continue;
      if (audience.pending.length === 0) this.#queue.push(audience);
      audience.pending.push(frame);
    }
    if (!this.#isDeferred) this.#serve();
  }

  /** Publishes what waits for this audience now: who is subscribed to it after that misses nothing and gets nothing twice. */
  flush(audience: Audience): void {
    const { pending } = audience;
    if (pending.length === 0) return;
    audience.pending = [];
    for (const frame of pending) this.#publish(audience.topic, frame);
  }

  flushAll(): void {
    for (const audience of this.#queue.splice(0)) this.flush(audience);
  }

  #serve(): void {
    let deliveries = 0;
    let served = 0;
    for (const audience of this.#queue) {
      if (served > 0 && deliveries + audience.followers > this.#limits.deliveriesPerTurn) break;
      served++;
      if (audience.pending.length > 0) deliveries += audience.followers; // else it was flushed meanwhile
      this.flush(audience);
    }
    this.#queue.splice(0, served);
    if (this.#queue.length === 0) return;
    this.#isDeferred = true;
    this.#defer(this.#deferred);
  }
}
