/**
 * Small byte records that live as long as a round, side by side in chunks: a buffer of its own costs each record about
 * 350 bytes more in Node, as much again as the record. Numbered from 0, never changed, never removed. Owned by the
 * round's shard thread.
 *
 *   places  u32 x 2 a record: where it begins, counted over all chunks; its length
 */
import { assert } from '../core/assert.ts';

const CHUNK_BYTES = 65_536;
const CAPACITY_FIRST = 16;

export class RecordStore {
  readonly #chunks: Uint8Array[] = [];
  #places = new Uint32Array(CAPACITY_FIRST * 2);
  #count = 0;
  /** Where the next record goes, if the chunk has room for it. */
  #end = 0;

  /** Copies the bytes, 1 to CHUNK_BYTES. */
  add(bytes: Uint8Array): void {
    assert(bytes.length > 0 && bytes.length <= CHUNK_BYTES, 'a record has bytes and fits into a chunk');
    const room = this.#chunks.length * CHUNK_BYTES - this.#end;
    if (bytes.length > room) {
      this.#end = this.#chunks.length * CHUNK_BYTES;
      this.#chunks.push(new Uint8Array(CHUNK_BYTES));
    }
    if (2 * this.#count === this.#places.length) {
      const places = new Uint32Array(this.#places.length * 2);
      places.set(this.#places);
      this.#places = places;
    }
    this.#places[2 * this.#count] = this.#end;
    this.#places[2 * this.#count + 1] = bytes.length;
    this.#chunks.at(-1)?.set(bytes, this.#end % CHUNK_BYTES);
    this.#end += bytes.length;
    this.#count++;
  }

  /** A view into the chunk: copy what is to go to another thread. */
  at(number: number): Uint8Array {
    assert(number < this.#count, 'the record is there');
    const begin = this.#places[2 * number] as number;
    const length = this.#places[2 * number + 1] as number;
    const chunk = this.#chunks[Math.floor(begin / CHUNK_BYTES)];
    assert(chunk !== undefined, 'a record lies in a chunk');
    const from = begin % CHUNK_BYTES;
    return chunk.subarray(from, from + length);
  }
}
