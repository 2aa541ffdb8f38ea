/**
 * Listens at the socket of every viewer and keeps what was said about money: written from docs/PROTOCOL.md, with
 * nothing of the SDK or the engine, so that neither can talk the checker out of what went over the wire.
 */
import type { OpenSocket } from '../../src/client/socket.ts';
import { readMsgpack } from '../protocol/mini-msgpack.ts';
import type { Span, StreamEvidence } from './evidence.ts';

const OPEN = 0x04;
const AUTH = 0x01;
const PAY = 0x10;
const GIFT = 0x11;
const STREAM = 0x84;
const ENDED = 0x86;
const PAID = 0xa0;
/** ENDED for one of these reasons is the last word about a stream. */
const FINAL = ['closed', 'replaced', 'roundOver'];

interface Sent {
  readonly chain: number;
  readonly index: number;
  readonly atMs: number;
}

type Fields = Record<string, unknown>;

export class FrameLog {
  readonly #streams = new Map<string, StreamEvidence>();
  /** Words without an acknowledgement, by stream, in the order of sending. */
  readonly #waiting = new Map<string, Sent[]>();
  readonly #onPayment: (sentAtMs: number) => void;
  frames = 0;
  /** Of all connections, in order. */
  readonly closeCodes: number[] = [];

  /** `onPayment` hears when a word became durable that was first sent at that time. */
  constructor(onPayment: (sentAtMs: number) => void) {
    this.#onPayment = onPayment;
  }

  get streams(): readonly StreamEvidence[] {
    return [...this.#streams.values()];
  }

  /** The same sockets, overheard. */
  overhear(open: OpenSocket): OpenSocket {
    return (url, subprotocol, handlers) => {
      const line = new Line(this);
      const socket = open(url, subprotocol, {
        message: (frame) => {
          line.fromServer(frame);
          handlers.message(frame);
        },
        close: (code) => {
          this.closeCodes.push(code);
          handlers.close(code);
        },
      });
      return {
        send: (frame) => {
          line.fromClient(frame);
          socket.send(frame);
        },
        close: (code) => socket.close(code),
      };
    };
  }

  add(stream: StreamEvidence): void {
    const known = this.#streams.get(stream.streamId);
    if (known === undefined) this.#streams.set(stream.streamId, stream);
    else known.offers.push(...stream.offers);
  }

  byId(streamId: string): StreamEvidence | undefined {
    return this.#streams.get(streamId);
  }

  reveal(stream: StreamEvidence, word: Omit<Span, 'from' | 'to'> & { index: number; word: string }): void {
    const { chain, index, purpose, target } = word;
    const highest = stream.revealed[chain];
    if (highest === undefined || index <= highest.index) return; // a repeat
    stream.spans.push({ chain, from: highest.index, to: index, purpose, target });
    stream.revealed[chain] = { index, word: word.word };
    const waiting = this.#waiting.get(stream.streamId) ?? [];
    this.#waiting.set(stream.streamId, waiting);
    waiting.push({ chain, index, atMs: performance.now() });
  }

  acknowledge(stream: StreamEvidence, indexes: readonly number[], by: 'PAID' | 'STREAM'): void {
    for (const [chain, index] of indexes.entries()) {
      const before = stream.acknowledged[chain] ?? 0;
      const revealed = stream.revealed[chain]?.index ?? 0;
      if (index > revealed) {
        stream.contradictions.push(
          `${by} acknowledges word ${index} of chain ${chain}; ${revealed} were sent`,
        );
      }
      // PAID of an older save may arrive late; STREAM says where the engine stands.
      if (index < before && by === 'STREAM') {
        stream.contradictions.push(`STREAM went back to word ${index} of chain ${chain} after ${before}`);
      }
      stream.acknowledged[chain] = Math.max(before, index);
    }
    const waiting = this.#waiting.get(stream.streamId) ?? [];
    const durable = (sent: Sent): boolean => sent.index <= (stream.acknowledged[sent.chain] ?? 0);
    for (const sent of waiting) if (durable(sent)) this.#onPayment(sent.atMs);
    this.#waiting.set(
      stream.streamId,
      waiting.filter((sent) => !durable(sent)),
    );
  }
}

/** One connection: its stream numbers mean nothing elsewhere. */
class Line {
  readonly #log: FrameLog;
  readonly #numbers = new Map<number, StreamEvidence>();
  #publicKey = '';

  constructor(log: FrameLog) {
    this.#log = log;
  }

  fromClient(frame: Uint8Array): void {
    const bytes = Buffer.from(frame);
    switch (bytes[0]) {
      case AUTH:
        this.#publicKey = hexField(fields(bytes), 'publicKey');
        return;
      case OPEN:
        this.#log.add(openedStream(fields(bytes), this.#publicKey));
        return;
      case PAY: {
        const target = bytes.readUInt8(3);
        this.#word(bytes, { at: 4, purpose: 'watch', target });
        return;
      }
      case GIFT: {
        const target = bytes.readUInt8(3);
        for (let no = 0; no < bytes.readUInt8(4); no++)
          this.#word(bytes, { at: 5 + 37 * no, purpose: 'gift', target });
        return;
      }
      default:
        return;
    }
  }

  fromServer(frame: Uint8Array): void {
    this.#log.frames++;
    const bytes = Buffer.from(frame);
    switch (bytes[0]) {
      case STREAM: {
        const said = fields(bytes);
        const stream = this.#log.byId(hexField(said, 'streamId'));
        if (stream === undefined) return;
        this.#numbers.set(Number(said['stream']), stream);
        stream.granted = true;
        this.#log.acknowledge(stream, said['indexes'] as number[], 'STREAM');
        return;
      }
      case PAID: {
        const stream = this.#numbers.get(bytes.readUInt16LE(1));
        const indexes = Array.from({ length: bytes.readUInt8(3) }, (_, no) => bytes.readUInt32LE(4 + 4 * no));
        if (stream !== undefined) this.#log.acknowledge(stream, indexes, 'PAID');
        return;
      }
      case ENDED:
        this.#ended(fields(bytes));
        return;
      default:
        return;
    }
  }

  #ended(said: Fields): void {
    const number = Number(said['stream']);
    const stream = this.#numbers.get(number);
    this.#numbers.delete(number);
    if (stream === undefined) return;
    if (said['reason'] === 'cancelled') stream.cancelled = true;
    if (!FINAL.includes(String(said['reason']))) return;
    const paidSats = Number(said['paidSats']);
    if (stream.finalPaidSats !== null && stream.finalPaidSats !== paidSats) {
      stream.contradictions.push(`ENDED said ${stream.finalPaidSats} sats and later ${paidSats}`);
    }
    stream.finalPaidSats = paidSats;
  }

  #word(bytes: Buffer, record: { at: number; purpose: Span['purpose']; target: number }): void {
    const stream = this.#numbers.get(bytes.readUInt16LE(1));
    if (stream === undefined) return; // the number is of no stream here: nobody takes such a word
    const { at, purpose, target } = record;
    const chain = bytes.readUInt8(at);
    const index = bytes.readUInt32LE(at + 1);
    const word = bytes.subarray(at + 5, at + 37).toString('hex');
    this.#log.reveal(stream, { chain, index, word, purpose, target });
  }
}

function fields(bytes: Buffer): Fields {
  return readMsgpack(bytes.subarray(1)) as Fields;
}

function hexField(from: Fields, key: string): string {
  return Buffer.from(from[key] as Uint8Array).toString('hex');
}

/** The commitment, by section 9 of the protocol. */
function openedStream(open: Fields, publicKey: string): StreamEvidence {
  const bytes = Buffer.from(open['commitment'] as Uint8Array);
  const roundEnd = 42 + bytes.readUInt8(41);
  const chains = Array.from({ length: bytes.readUInt8(roundEnd) }, (_, no) => {
    const at = roundEnd + 1 + 40 * no;
    return {
      unitSats: bytes.readUInt32LE(at),
      length: bytes.readUInt32LE(at + 4),
      anchor: bytes.subarray(at + 8, at + 40).toString('hex'),
    };
  });
  return {
    streamId: bytes.subarray(5, 21).toString('hex'),
    roundId: bytes.subarray(42, roundEnd).toString('latin1'),
    payer: bytes.subarray(21, 41).toString('hex'),
    offers: [{ commitment: bytes.toString('hex'), signature: hexField(open, 'signature'), publicKey }],
    chains,
    granted: false,
    revealed: chains.map(({ anchor }) => ({ index: 0, word: anchor })),
    acknowledged: chains.map(() => 0),
    spans: [],
    finalPaidSats: null,
    cancelled: false,
    contradictions: [],
  };
}
