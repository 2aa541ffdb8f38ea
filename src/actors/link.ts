/**
 * The edge's end of its link to one shard. Owned by the edge thread; one per shard.
 *
 *   edge                                shard
 *   pay, push ... flush  -- inputs no 7 -->  mailboxes
 *                        <-- credit 7 -----  after the mailboxes were drained
 *
 * What is pushed is collected per round and goes out as one batch per `flush` (once per loop turn). At most
 * `batchesMax` batches are under way without credit; after that the edge goes on collecting until its own
 * bound is reached and `pay` and `push` return false. So a slow shard costs a bounded amount of memory, and
 * the refusal is known where the viewer's connection is.
 *
 * Order: per round, words go before the other inputs of the same batch (a word sent before CLOSE counts);
 * batches keep their order. When a shard dies, what was under way is lost: words are cumulative, attaching
 * again resets the tips, and requests without an answer are the edge's to refuse.
 *
 * A `refused` of `pay` or `gift` means that words which the edge had accepted do not count, with code UNAVAILABLE
 * that they were dropped behind a full mailbox: the edge attaches the stream again, so that its tips are the actor's.
 */
import type { RoundInput } from '../round/inputs.ts';
import { type PaymentRow, PaymentBatchWriter } from '../round/payment-batch.ts';
import { isBounded } from './mailbox.ts';
import type { EdgeToShard, ShardToEdge } from './messages.ts';
import type { Port } from './port.ts';

export interface EdgeLinkLimits {
  /** Batches without credit. */
  readonly batchesMax: number;
  /** Words collected and not yet sent. */
  readonly rowsMax: number;
  /** Other inputs collected and not yet sent. */
  readonly inputsMax: number;
}

export const EDGE_LINK_LIMITS: EdgeLinkLimits = { batchesMax: 4, rowsMax: 65_536, inputsMax: 16_384 };

/** What an edge may push; words go through `pay`. */
export type EdgeInput = Extract<
  RoundInput,
  { kind: 'open' | 'attach' | 'detach' | 'watch' | 'clap' | 'vote' | 'closeStream' }
>;

/** What is left of ShardToEdge when the link has kept its own book. */
export type EdgeLinkMessage = Exclude<ShardToEdge, { kind: 'credit' }>;

interface Collected {
  readonly words: PaymentBatchWriter;
  readonly inputs: RoundInput[];
}

export class EdgeLink {
  readonly #port: Port<EdgeToShard, ShardToEdge>;
  readonly #edge: number;
  readonly #limits: EdgeLinkLimits;
  readonly #collected = new Map<number, Collected>();
  /** Emptied writers, to be used again: they keep their room. */
  readonly #spareWriters: PaymentBatchWriter[] = [];
  #rows = 0;
  #inputs = 0;
  #sentNo = 0;
  #creditedNo = 0;

  constructor(options: {
    readonly port: Port<EdgeToShard, ShardToEdge>;
    /** Number of this edge, as in ReplyTo. */
    readonly edge: number;
    readonly onMessage: (message: EdgeLinkMessage) => void;
    readonly limits?: EdgeLinkLimits;
  }) {
    this.#port = options.port;
    this.#edge = options.edge;
    this.#limits = options.limits ?? EDGE_LINK_LIMITS;
    this.#port.onMessage((message) => {
      if (message.kind !== 'credit') {
        options.onMessage(message);
        return;
      }
      this.#creditedNo = message.batchNo;
      this.flush(); // whatever had to wait goes now
    });
  }

  /** Batches sent and not credited. */
  get underWay(): number {
    return this.#sentNo - this.#creditedNo;
  }

  /** Whether this many more words could be taken now: a gift's rows go together or not at all. */
  hasRoom(rows: number): boolean {
    return this.#rows + rows <= this.#limits.rowsMax;
  }

  /** Collects a verified word (copied). False when full: refuse it and leave the tip where it was. */
  pay(handle: number, row: Readonly<PaymentRow>): boolean {
    if (this.#rows >= this.#limits.rowsMax) return false;
    this.#of(handle).words.add(row);
    this.#rows++;
    return true;
  }

  /** Collects an input. False when full: refuse it with UNAVAILABLE. A `detach` is always taken. */
  push(handle: number, input: EdgeInput): boolean {
    if (isBounded(input)) {
      if (this.#inputs >= this.#limits.inputsMax) return false;
      this.#inputs++;
    }
    this.#of(handle).inputs.push(input);
    return true;
  }

  /** Sends what was collected as one batch, if there is credit; otherwise the next credit does. */
  flush(): void {
    if (this.#collected.size === 0 || this.underWay >= this.#limits.batchesMax) return;
    const transfer: ArrayBuffer[] = [];
    const rounds: { handle: number; inputs: RoundInput[] }[] = [];
    for (const [handle, { words, inputs }] of this.#collected) {
      this.#spareWriters.push(words);
      if (words.rows > 0) {
        const batch = words.take();
        transfer.push(batch.buffer);
        rounds.push({ handle, inputs: [{ kind: 'payments', edge: this.#edge, batch }, ...inputs] });
      } else {
        rounds.push({ handle, inputs });
      }
    }
    this.#collected.clear();
    this.#rows = 0;
    this.#inputs = 0;
    this.#sentNo++;
    this.#port.send({ kind: 'inputs', batchNo: this.#sentNo, rounds }, transfer);
  }

  /** Asks for a keyframe and then every delta of the round. */
  subscribe(handle: number): void {
    this.#port.send({ kind: 'subscribe', handle });
  }

  unsubscribe(handle: number): void {
    this.#port.send({ kind: 'unsubscribe', handle });
  }

  close(): void {
    this.#port.close();
  }

  #of(handle: number): Collected {
    let collected = this.#collected.get(handle);
    if (collected === undefined) {
      collected = { words: this.#spareWriters.pop() ?? new PaymentBatchWriter(), inputs: [] };
      this.#collected.set(handle, collected);
    }
    return collected;
  }
}
