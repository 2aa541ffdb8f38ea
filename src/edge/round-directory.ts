/**
 * Which rounds there are, which shard has them, and the links there. Owned by the edge thread.
 *
 * Rounds are followed lazily: the first use subscribes, and a while after the last one the edge unsubscribes.
 * Inputs collected by the links go out together, `flushMs` after the first of them.
 */
import { EdgeLink, type EdgeInput, type EdgeLinkMessage } from '../actors/link.ts';
import type { EdgeToShard, RoundPlace, ShardToEdge } from '../actors/messages.ts';
import type { Port } from '../actors/port.ts';
import type { RoundId } from '../core/ids.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { PaymentRow } from '../round/payment-batch.ts';
import { RoundFeed } from './round-feed.ts';
import { EDGE_TUNING } from './settings.ts';

export type ShardPort = Port<EdgeToShard, ShardToEdge>;

export class RoundDirectory {
  readonly #edge: number;
  readonly #clock: Clock;
  readonly #onMessage: (message: EdgeLinkMessage) => void;
  readonly #links = new Map<number, EdgeLink>();
  readonly #byHandle = new Map<number, RoundFeed>();
  readonly #byId = new Map<RoundId, RoundFeed>();
  #flushTimer: Timer | null = null;

  constructor(options: {
    readonly edge: number;
    readonly clock: Clock;
    readonly onMessage: (message: EdgeLinkMessage) => void;
  }) {
    this.#edge = options.edge;
    this.#clock = options.clock;
    this.#onMessage = options.onMessage;
  }

  byHandle(handle: number): RoundFeed | undefined {
    return this.#byHandle.get(handle);
  }

  byId(roundId: RoundId): RoundFeed | undefined {
    return this.#byId.get(roundId);
  }

  feeds(): IterableIterator<RoundFeed> {
    return this.#byHandle.values();
  }

  /** A new link in place of the one before; its rounds are not live until their keyframes come. */
  link(shard: number, port: ShardPort): readonly RoundFeed[] {
    this.#links.get(shard)?.close();
    const link = new EdgeLink({
      port,
      edge: this.#edge,
      onMessage: (message) => {
        // A link that was replaced may still have mail: it is about a life of the shard that is over.
        if (this.#links.get(shard) === link) this.#onMessage(message);
      },
    });
    this.#links.set(shard, link);
    const cut = [...this.#byHandle.values()].filter((feed) => feed.shard === shard);
    for (const feed of cut) this.#cutOff(feed);
    return cut;
  }

  /** The round, and whether it moved to another shard (or is new). */
  place(place: RoundPlace): { readonly feed: RoundFeed; readonly moved: boolean } {
    const known = this.#byHandle.get(place.handle);
    if (known !== undefined && known.shard === place.shard) return { feed: known, moved: false };
    const feed = known ?? new RoundFeed(place);
    feed.shard = place.shard;
    this.#byHandle.set(feed.handle, feed);
    this.#byId.set(feed.roundId, feed);
    this.#cutOff(feed);
    return { feed, moved: true };
  }

  unplace(handle: number): RoundFeed | undefined {
    const feed = this.#byHandle.get(handle);
    if (feed === undefined) return undefined;
    this.#byHandle.delete(handle);
    this.#byId.delete(feed.roundId);
    feed.live = false;
    return feed;
  }

  /** One more connection, stream or request needs the round's frames. */
  use(feed: RoundFeed): void {
    feed.uses++;
    this.#subscribe(feed);
  }

  release(feed: RoundFeed): void {
    feed.uses--;
    if (feed.uses === 0) feed.unusedSinceMs = this.#clock.nowMs();
  }

  /** A frame was missing: have the whole state sent. */
  resync(feed: RoundFeed): void {
    if (feed.resyncing || !feed.subscribed) return;
    feed.resyncing = true;
    this.#links.get(feed.shard)?.subscribe(feed.handle);
  }

  unsubscribeIdle(nowMs: number): void {
    for (const feed of this.#byHandle.values()) {
      if (!feed.subscribed || feed.uses > 0 || nowMs - feed.unusedSinceMs < EDGE_TUNING.idleRoundMs) continue;
      this.#links.get(feed.shard)?.unsubscribe(feed.handle);
      feed.subscribed = false;
      feed.live = false;
    }
  }

  hasRoom(feed: RoundFeed, rows: number): boolean {
    return this.#links.get(feed.shard)?.hasRoom(rows) ?? false;
  }

  pay(feed: RoundFeed, row: Readonly<PaymentRow>): boolean {
    const taken = this.#links.get(feed.shard)?.pay(feed.handle, row) ?? false;
    if (taken) this.#flushSoon();
    return taken;
  }

  push(feed: RoundFeed, input: EdgeInput): boolean {
    const taken = this.#links.get(feed.shard)?.push(feed.handle, input) ?? false;
    if (taken) this.#flushSoon();
    return taken;
  }

  flush(): void {
    this.#flushTimer?.cancel();
    this.#flushTimer = null;
    for (const link of this.#links.values()) link.flush();
  }

  close(): void {
    this.#flushTimer?.cancel();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  #flushSoon(): void {
    this.#flushTimer ??= this.#clock.after(EDGE_TUNING.flushMs, () => this.flush());
  }

  #cutOff(feed: RoundFeed): void {
    feed.live = false;
    feed.subscribed = false;
    feed.resyncing = false;
    if (feed.uses > 0) this.#subscribe(feed);
  }

  #subscribe(feed: RoundFeed): void {
    const link = this.#links.get(feed.shard);
    if (feed.subscribed || link === undefined) return;
    feed.subscribed = true;
    link.subscribe(feed.handle);
  }
}
