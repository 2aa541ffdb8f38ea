/**
 * The newest gifts of a round, in a ring of flat rows so that a gift allocates nothing. Owned by the round's
 * shard thread. Bound: LIMITS.giftsShown rows; `count` counts all gifts.
 */
import { LIMITS } from '../core/limits.ts';

export interface GiftRow {
  /** From 1. */
  readonly no: number;
  readonly slot: number;
  readonly target: number;
  readonly sats: number;
  readonly atMs: number;
}

const ROWS = LIMITS.giftsShown;

export class GiftLog {
  count = 0;
  readonly #slots = new Uint32Array(ROWS);
  readonly #targets = new Uint8Array(ROWS);
  readonly #sats = new Float64Array(ROWS);
  readonly #atMs = new Float64Array(ROWS);

  add(gift: Omit<GiftRow, 'no'>): void {
    const at = this.count % ROWS;
    this.count++;
    this.#slots[at] = gift.slot;
    this.#targets[at] = gift.target;
    this.#sats[at] = gift.sats;
    this.#atMs[at] = gift.atMs;
  }

  /** Those still kept, oldest first. */
  recent(): GiftRow[] {
    const rows: GiftRow[] = [];
    for (let no = Math.max(1, this.count - ROWS + 1); no <= this.count; no++) {
      const at = (no - 1) % ROWS;
      rows.push({
        no,
        slot: this.#slots[at] as number,
        target: this.#targets[at] as number,
        sats: this.#sats[at] as number,
        atMs: this.#atMs[at] as number,
      });
    }
    return rows;
  }

  /** Takes over the newest rows of `count` in all; a row's place follows from its number, so older ones stay. */
  restore(count: number, rows: readonly GiftRow[]): void {
    this.count = count - rows.length;
    for (const row of rows) this.add(row);
  }
}
