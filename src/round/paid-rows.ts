/**
 * Acknowledgements on their way from a round actor to an edge: fixed rows of u32, so that those of one save cross
 * threads as one buffer. As objects each of them cost an edge 0.5 microseconds to receive, a tenth of all it spends on a
 * payment.
 *
 *   column  0  slot     stream's slot in the round
 *           1  conn     connection on the edge
 *           2  gift     1: a gift is among what this covers
 *           3  chains   how many of the columns that follow are used
 *         4-7  index    highest durable index of each chain
 */
import { assert } from '../core/assert.ts';
import { LIMITS } from '../core/limits.ts';

export const PAID_SLOT = 0;
export const PAID_CONN = 1;
export const PAID_GIFT = 2;
export const PAID_CHAINS = 3;
export const PAID_INDEXES = 4;
export const PAID_ROW_NUMBERS: number = PAID_INDEXES + LIMITS.chainsMax;

/** One row, for whoever has no reason to hurry. */
export interface PaidUpTo {
  readonly slot: number;
  readonly conn: number;
  /** Highest durable index of each chain. */
  readonly indexes: readonly number[];
  /** A gift is among what this covers: acknowledge at once. */
  readonly gift: boolean;
}

export function packPaid(list: readonly PaidUpTo[]): Uint32Array {
  const rows = new Uint32Array(list.length * PAID_ROW_NUMBERS);
  for (const [no, { slot, conn, gift, indexes }] of list.entries()) {
    assert(indexes.length <= LIMITS.chainsMax, 'a commitment has no more chains');
    rows.set([slot, conn, gift ? 1 : 0, indexes.length, ...indexes], no * PAID_ROW_NUMBERS);
  }
  return rows;
}

export function unpackPaid(rows: Uint32Array): PaidUpTo[] {
  const list: PaidUpTo[] = [];
  for (let at = 0; at < rows.length; at += PAID_ROW_NUMBERS) {
    const [slot = 0, conn = 0, gift = 0, chains = 0] = rows.subarray(at);
    const indexes = [...rows.subarray(at + PAID_INDEXES, at + PAID_INDEXES + chains)];
    list.push({ slot, conn, gift: gift === 1, indexes });
  }
  return list;
}
