/**
 * Sees everything that crosses a port of the simulation and keeps the models that the checkers compare the engine
 * with. Does nothing that the run could notice, but end it: some things are judged right where they are seen.
 */
import { accountOfPublicKey } from '../core/account-key.ts';
import { equalBytes } from '../core/bytes.ts';
import type { Txid } from '../core/ids.ts';
import { readStateHead } from '../client/round-replica.ts';
import { ripemd160, sha256 } from '../platform/hash.ts';
import { decodeClient } from '../protocol/client-codec.ts';
import { FRAME } from '../protocol/messages.ts';
import { decodeServer } from '../protocol/server-codec.ts';
import { decodeKeyframe, encodeKeyframe } from '../protocol/state-codec.ts';
import type { PublicState } from '../round/public-state.ts';
import type { Disk } from './disk.ts';
import type { Write } from './write.ts';
import { DurableRounds } from './durable-rounds.ts';
import { WordModel } from './word-model.ts';

export type Fail = (checker: string, message: string) => void;

/** A connection as it is watched. */
export interface ObservedConnection {
  readonly viewer: { readonly name: string };
  /** Streams on it, by number, as the edge has told them. */
  readonly streams: Map<number, { readonly roundId: string; readonly streamId: string }>;
  /** Who it belongs to, once AUTH was sent. */
  account: string | null;
}

/** What was promised of a stream: survives everything. */
export interface Promised {
  readonly roundId: string;
  readonly streamId: string;
  readonly indexes: readonly number[];
}

interface FramePlace {
  readonly epoch: number;
  readonly seq: number;
}

export class Observer {
  readonly words: WordModel = new WordModel();
  readonly durable: DurableRounds = new DurableRounds();
  /** By stream. */
  readonly promised: Map<string, Promised> = new Map();
  /** Something was written since a checker looked. */
  dirty = false;
  readonly #fail: Fail;
  readonly #disk: () => Disk;
  readonly #onApplied: (write: Write, answer: unknown) => void;
  /** By round, epoch and seq: the state as its actor published it. */
  readonly #published = new Map<string, string>();
  /** By viewer: of the last frame it was handed. */
  readonly #heads = new Map<string, FramePlace>();
  /** By viewer and round: of the newest frame it shows. */
  readonly #shown = new Map<string, FramePlace>();

  constructor(input: {
    readonly fail: Fail;
    readonly disk: () => Disk;
    readonly onApplied: (write: Write, answer: unknown) => void;
  }) {
    this.#fail = input.fail;
    this.#disk = input.disk;
    this.#onApplied = input.onApplied;
  }

  sentUp(connection: ObservedConnection, frame: Uint8Array): void {
    const decoded = decodeClient(frame);
    if (!decoded.ok) return;
    const { message } = decoded;
    if (message.type === FRAME.AUTH) {
      connection.account = accountOfPublicKey(Uint8Array.from(message.publicKey), { sha256, ripemd160 });
    }
    if (connection.account === null) return;
    this.words.said(message, connection.account, (number) => connection.streams.get(number)?.streamId);
  }

  sentDown(connection: ObservedConnection, frame: Uint8Array): void {
    const type = frame[0];
    if (type !== FRAME.PAID && type !== FRAME.STREAM && type !== FRAME.ENDED) return;
    const decoded = decodeServer(frame);
    if (!decoded.ok) return this.#fail('wire', 'an edge sent a frame that cannot be decoded');
    const { message } = decoded;
    if (message.type === FRAME.STREAM) {
      connection.streams.set(message.stream, { roundId: message.round, streamId: message.streamId });
      this.#promise(message.round, message.streamId, message.indexes);
    } else if (message.type === FRAME.PAID) {
      const stream = connection.streams.get(message.stream);
      if (stream !== undefined) this.#promise(stream.roundId, stream.streamId, message.indexes);
    } else if (message.type === FRAME.ENDED && message.reason !== 'cancelled') {
      const stream = connection.streams.get(message.stream);
      const paidSats = stream === undefined ? 0 : this.durable.paidSats(stream.roundId, stream.streamId);
      if (stream !== undefined && message.paidSats > paidSats) {
        this.#fail('ack-durable', `ENDED says ${message.paidSats} sats, durable are ${paidSats}`);
      }
    }
  }

  /** An acknowledgement follows durability and never precedes it. */
  #promise(roundId: string, streamId: string, indexes: readonly number[]): void {
    const tips = this.durable.tips(roundId, streamId, indexes.length);
    const ahead = tips === undefined || indexes.some((index, chain) => index > (tips[chain] ?? 0));
    if (ahead) {
      this.#fail(
        'ack-durable',
        `acknowledged ${indexes.join('/')} of ${streamId}, durable ${tips?.join('/') ?? 'nothing'}`,
      );
    }
    const before = this.promised.get(streamId)?.indexes ?? [];
    this.promised.set(streamId, {
      roundId,
      streamId,
      indexes: indexes.map((index, chain) => Math.max(index, before[chain] ?? 0)),
    });
  }

  /** A frame is about to be handed to a viewer. */
  receiving(connection: ObservedConnection, frame: Uint8Array): void {
    if (frame[0] !== FRAME.KEYFRAME && frame[0] !== FRAME.DELTA) return;
    const head = readStateHead(frame);
    if (head !== undefined) this.#heads.set(connection.viewer.name, head);
  }

  /** The actor's state after a step. */
  published(at: { readonly epoch: number; readonly seq: number }, state: PublicState): void {
    const key = `${state.roundId}:${at.epoch}:${at.seq}`;
    if (!this.#published.has(key)) this.#published.set(key, canonical(state));
  }

  /**
   * A viewer has taken a frame: what it shows must be what the actor published under the number of its newest frame.
   * A frame from an owner that was replaced is older than what the viewer has, and changes nothing there.
   */
  shown(viewer: string, state: PublicState): void {
    const received = this.#heads.get(viewer);
    if (received === undefined) return;
    const place = `${viewer}:${state.roundId}`;
    const before = this.#shown.get(place);
    const isNewer =
      before === undefined ||
      received.epoch > before.epoch ||
      (received.epoch === before.epoch && received.seq > before.seq);
    const head = isNewer ? received : before;
    this.#shown.set(place, head);
    const key = `${state.roundId}:${head.epoch}:${head.seq}`;
    const published = this.#published.get(key);
    if (published === undefined) this.#fail('replica', `${viewer} shows ${key}, which nobody published`);
    else if (published !== canonical(state)) {
      this.#fail('replica', `${viewer} shows something else as ${key}: ${difference(published, state)}`);
    }
  }

  /** The viewer begins anew with the round: it has no state of it. */
  forgets(viewer: string, roundId: string): void {
    this.#shown.delete(`${viewer}:${roundId}`);
  }

  applied(write: Write, answer: unknown): void {
    this.dirty = true;
    this.#onApplied(write, answer);
  }

  becameDurable(write: Write): void {
    this.dirty = true;
    this.durable.take(write);
  }

  /** Nothing is sent before it is stored, and what is sent is what was stored. */
  broadcast(txid: Txid, ef: Uint8Array): void {
    const stored = this.#disk().durable.transactions.get(txid)?.transaction;
    if (stored === undefined) this.#fail('outbox', `${txid} was sent before it was durable`);
    else if (!equalBytes(stored.ef, ef))
      this.#fail('outbox', `${txid} was sent with other bytes than are stored`);
  }
}

function canonical(state: PublicState): string {
  return Buffer.from(encodeKeyframe({ handle: 0, epoch: 0, seq: 0, state })).toString('latin1');
}

/** The fields in which they differ. */
function difference(published: string, shown: PublicState): string {
  const decoded = decodeKeyframe(Buffer.from(published, 'latin1'))?.state;
  if (decoded === undefined) return 'what was published cannot be decoded';
  const fields = Object.entries(decoded).map(([name, value]) => {
    const [was, is] = [JSON.stringify(value), JSON.stringify(shown[name as keyof PublicState])];
    return was === is ? '' : `${name} ${was} is shown as ${is}`;
  });
  return fields.filter((text) => text !== '').join('; ');
}
