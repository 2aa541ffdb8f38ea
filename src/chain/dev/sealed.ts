/**
 * A table of the chain's file whose rows cannot be mistaken: each value is stored together with its key, as msgpack, with
 * a checksum behind it. A damaged row is an error where it is read.
 */
import { crc32 } from 'node:zlib';
import type { Database } from 'lmdb';
import { Packr } from 'msgpackr';
import { EngineError } from '../../core/errors.ts';

const CHECKSUM_BYTES = 4;
const packr = new Packr({ useRecords: false });

type SealedDatabase<K extends string | number> = Database<Uint8Array, K>;

export class SealedTable<V, K extends string | number> {
  readonly #rows: SealedDatabase<K>;

  /** `rows`: with binary values. */
  constructor(rows: SealedDatabase<K>) {
    this.#rows = rows;
  }

  get(key: K): V | undefined {
    const bytes = this.#rows.get(key);
    return bytes === undefined ? undefined : (open(bytes, key) as V);
  }

  doesExist(key: K): boolean {
    return this.#rows.doesExist(key);
  }

  /** Inside a transaction, or on its own. */
  put(key: K, value: V): Promise<boolean> {
    return this.#rows.put(key, seal(key, value));
  }

  remove(key: K): Promise<boolean> {
    return this.#rows.remove(key);
  }

  *getRange(range: { readonly limit?: number }): Iterable<{ readonly key: K; readonly value: V }> {
    for (const { key, value } of this.#rows.getRange(range)) yield { key, value: open(value, key) as V };
  }
}

/** Whether a row is as it was written: `key` as the file has it, text or 4 bytes of an integer. */
export function isWhole(key: Uint8Array, sealed: Uint8Array): boolean {
  const row = unpack(sealed);
  if (row === undefined) return false;
  const [own] = row;
  if (typeof own === 'string') return own === Buffer.from(key).toString('latin1').replace(/\0$/, '');
  return key.length === 4 && Buffer.from(key).readUInt32LE() === own;
}

function seal(key: string | number, value: unknown): Uint8Array {
  const packed = packr.pack([key, value]);
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(packed));
  return Buffer.concat([packed, checksum]);
}

function open(bytes: Uint8Array, key: string | number): unknown {
  const row = unpack(bytes);
  if (row !== undefined && row[0] === key) return row[1];
  throw new EngineError('CHAIN_FAILED', {
    message: `Row ${String(key)} of the development chain is damaged.`,
  });
}

function unpack(sealed: Uint8Array): readonly [key: unknown, value: unknown] | undefined {
  const length = sealed.length - CHECKSUM_BYTES;
  if (length <= 0) return undefined;
  const packed = sealed.subarray(0, length);
  const view = new DataView(sealed.buffer, sealed.byteOffset + length, CHECKSUM_BYTES);
  return view.getUint32(0, true) === crc32(packed) ? (packr.unpack(packed) as [unknown, unknown]) : undefined;
}
