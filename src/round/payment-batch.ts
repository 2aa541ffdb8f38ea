/**
 * Verified words on their way from an edge to a round actor: fixed rows, so that a batch is one buffer
 * that crosses threads without being cloned field by field.
 *
 *   offset  size  field
 *        0     4  slot        stream's slot in the round, u32
 *        4     4  index       u32
 *        8     1  chain       u8
 *        9     1  purpose     u8: 0 watch, 1 gift
 *       10     1  target      u8: participant index
 *       11     1  flags       u8: bit 0 = the next row belongs to the same gift
 *       12     4  conn        u32: connection on the edge, for refusals
 *       16    32  word
 *
 * Little-endian. A gift's rows are adjacent and are applied together or not at all.
 */
import { assert } from '../core/assert.ts';

export const PAYMENT_ROW_BYTES = 48;
export const PURPOSE_WATCH = 0;
export const PURPOSE_GIFT = 1;
export const FLAG_GIFT_CONTINUES = 1;

export interface PaymentRow {
  slot: number;
  index: number;
  chain: number;
  purpose: number;
  target: number;
  flags: number;
  conn: number;
  word: Uint8Array;
}

/** Collects rows of one round until the edge flushes them. */
export class PaymentBatchWriter {
  #bytes = new Uint8Array(64 * PAYMENT_ROW_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #rows = 0;

  get rows(): number {
    return this.#rows;
  }

  add(row: Readonly<PaymentRow>): void {
    assert(row.word.length === 32, 'a word has 32 bytes');
    const at = this.#rows * PAYMENT_ROW_BYTES;
    if (at + PAYMENT_ROW_BYTES > this.#bytes.length) this.#grow();
    const view = this.#view;
    view.setUint32(at, row.slot, true);
    view.setUint32(at + 4, row.index, true);
    view.setUint8(at + 8, row.chain);
    view.setUint8(at + 9, row.purpose);
    view.setUint8(at + 10, row.target);
    view.setUint8(at + 11, row.flags);
    view.setUint32(at + 12, row.conn, true);
    this.#bytes.set(row.word, at + 16);
    this.#rows++;
  }

  /** The rows so far, in a buffer of their own that may be transferred; the writer is empty after. */
  take(): Uint8Array<ArrayBuffer> {
    const out = this.#bytes.slice(0, this.#rows * PAYMENT_ROW_BYTES);
    this.#rows = 0;
    return out;
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/**
 * Calls `visit` for each row with one reused object; `word` is a view into the batch: copy it to keep it.
 */
export function forEachPayment(batch: Uint8Array, visit: (row: Readonly<PaymentRow>) => void): void {
  assert(batch.length % PAYMENT_ROW_BYTES === 0, 'a batch is whole rows');
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const row: PaymentRow = {
    slot: 0,
    index: 0,
    chain: 0,
    purpose: 0,
    target: 0,
    flags: 0,
    conn: 0,
    word: batch,
  };
  for (let at = 0; at < batch.length; at += PAYMENT_ROW_BYTES) {
    row.slot = view.getUint32(at, true);
    row.index = view.getUint32(at + 4, true);
    row.chain = view.getUint8(at + 8);
    row.purpose = view.getUint8(at + 9);
    row.target = view.getUint8(at + 10);
    row.flags = view.getUint8(at + 11);
    row.conn = view.getUint32(at + 12, true);
    row.word = batch.subarray(at + 16, at + 48);
    visit(row);
  }
}
