/**
 * A ring buffer between two threads: one producer, one consumer, over one SharedArrayBuffer. It is here to be measured
 * against MessagePorts (`hop.ts`), not part of the engine.
 *
 * Layout, after Agrona's `OneToOneRingBuffer`:
 *
 *   byte    0  tail    u32   bytes ever committed; written by the producer; the consumer sleeps on it
 *   byte   64  head    u32   bytes ever consumed; written by the consumer
 *   byte  128  data    a power of two bytes; position p is at p mod size
 *
 * A record, aligned to 8 bytes, never wraps; what is left before the end is filled with a record of type -1:
 *
 *   +0  length  i32   of the payload
 *   +4  type    i32
 *   +8  payload
 *
 * Counters are in cache lines of their own, so that the two threads do not take one line from each other. They run over
 * at 2^32, which the sizes (powers of two below that) survive. `tail` is stored after the record was written, `head`
 * after it was read: Atomics order both. Full is a return value.
 */
import { assert } from '../../src/core/assert.ts';

const TAIL = 0;
const HEAD = 16;
const DATA_AT = 128;
const RECORD_HEAD_BYTES = 8;
const PADDING = -1;

export function makeRing(dataBytes: number): SharedArrayBuffer {
  assert((dataBytes & (dataBytes - 1)) === 0, 'a ring has a power of two bytes');
  return new SharedArrayBuffer(DATA_AT + dataBytes);
}

function recordBytes(payloadBytes: number): number {
  return (RECORD_HEAD_BYTES + payloadBytes + 7) & ~7;
}

/** Both ends' view of the buffer. */
class Ring {
  readonly counters: Int32Array;
  readonly heads: Int32Array;
  readonly data: Uint8Array;
  readonly size: number;

  constructor(shared: SharedArrayBuffer) {
    this.size = shared.byteLength - DATA_AT;
    this.counters = new Int32Array(shared, 0, DATA_AT / 4);
    this.heads = new Int32Array(shared, DATA_AT);
    this.data = new Uint8Array(shared, DATA_AT);
  }

  setHead(at: number, length: number, type: number): void {
    this.heads[at >> 2] = length;
    this.heads[(at >> 2) + 1] = type;
  }
}

export class RingWriter {
  readonly #ring: Ring;
  /** Bytes ever claimed, modulo 2^32. */
  #tail = 0;

  constructor(shared: SharedArrayBuffer) {
    this.#ring = new Ring(shared);
  }

  get data(): Uint8Array {
    return this.#ring.data;
  }

  /** Where in `data` the payload goes; -1: no room. `commit` makes it visible. */
  claim(type: number, payloadBytes: number): number {
    const { size, counters } = this.#ring;
    const bytes = recordBytes(payloadBytes);
    const at = this.#tail & (size - 1);
    const padding = at + bytes > size ? size - at : 0;
    const used = (this.#tail - Atomics.load(counters, HEAD)) >>> 0;
    if (used + padding + bytes > size) return -1;
    if (padding > 0) this.#ring.setHead(at, padding - RECORD_HEAD_BYTES, PADDING);
    const to = padding > 0 ? 0 : at;
    this.#ring.setHead(to, payloadBytes, type);
    this.#tail = (this.#tail + padding + bytes) | 0;
    return to + RECORD_HEAD_BYTES;
  }

  commit(): void {
    const { counters } = this.#ring;
    Atomics.store(counters, TAIL, this.#tail);
    Atomics.notify(counters, TAIL);
  }
}

export class RingReader {
  readonly #ring: Ring;
  #head = 0;
  #closed = false;

  constructor(shared: SharedArrayBuffer) {
    this.#ring = new Ring(shared);
  }

  /** The payload is in `data` during the call only. */
  drain(visit: (type: number, data: Uint8Array, at: number, bytes: number) => void): void {
    const { counters, heads, data, size } = this.#ring;
    const tail = Atomics.load(counters, TAIL);
    while (this.#head !== tail) {
      const at = this.#head & (size - 1);
      const bytes = heads[at >> 2] as number;
      const type = heads[(at >> 2) + 1] as number;
      if (type !== PADDING) visit(type, data, at + RECORD_HEAD_BYTES, bytes);
      this.#head = (this.#head + recordBytes(bytes)) | 0;
    }
    Atomics.store(counters, HEAD, this.#head);
  }

  /**
   * Calls `wake` once each time something was committed since the last `drain`, until closed: from the loop's next turn
   * when it is there already, otherwise when the producer's notify arrives. The thread goes on with its loop meanwhile.
   */
  onCommit(wake: () => void): void {
    const { counters } = this.#ring;
    const turn = (): void => {
      if (this.#closed) return;
      wake();
      sleep();
    };
    const sleep = (): void => {
      const waiting = Atomics.waitAsync(counters, TAIL, this.#head);
      if (waiting.async) void waiting.value.then(turn);
      else setImmediate(turn);
    };
    sleep();
  }

  close(): void {
    this.#closed = true;
    Atomics.notify(this.#ring.counters, TAIL);
  }
}
