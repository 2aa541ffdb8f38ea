/**
 * The thin layer over the lmdb package: a view to read through and a transaction to write through, both on
 * binary keys and values, so that the tables above it do not see the package. Bytes that come out are copies, and
 * are those that went in: values are sealed with a checksum (damage.ts).
 */
import { type RootDatabase, open } from 'lmdb';
import type { Codec } from './codecs.ts';
import { seal, unseal } from './damage.ts';

export type Database = RootDatabase<Uint8Array, Uint8Array>;

export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface Scan {
  /** Stop after this many rows. */
  readonly limit?: number;
  /** From the last key to the first. */
  readonly reverse?: boolean;
  /** Start behind this key, in the direction of the scan. */
  readonly after?: Uint8Array;
}

export interface View {
  get(key: Uint8Array): Uint8Array | undefined;
  read<T>(codec: Codec<T>, key: Uint8Array): T | undefined;
  /** All rows whose key starts with the prefix. Rows are read one by one: do not write while iterating. */
  scan(prefix: Uint8Array, scan?: Scan): Iterable<Row>;
}

export interface Transaction extends View {
  put(key: Uint8Array, value: Uint8Array): void;
  remove(key: Uint8Array): void;
}

/** Address space, not memory or disk. */
const MAP_BYTES = 2 ** 30;

/** The value of index rows. */
export const PRESENT: Uint8Array = new Uint8Array([1]);

/**
 * Without overlapping sync: a transaction is then visible only once it is durable, to every thread. The
 * package enlarges the map when the data does not fit.
 */
export function openDatabase(
  path: string,
  options: { readonly readOnly: boolean; readonly mapBytes?: number },
): Database {
  return open<Uint8Array, Uint8Array>(path, {
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    overlappingSync: false,
    mapSize: options.mapBytes ?? MAP_BYTES,
    readOnly: options.readOnly,
  });
}

/** Reads inside a transaction of this database see its writes; outside, the last committed state. */
export function viewOf(db: Database): View {
  const get = (key: Uint8Array): Uint8Array | undefined => {
    const sealed = db.getBinary(key);
    return sealed === undefined ? undefined : unseal(key, sealed);
  };
  return {
    get,
    read(codec, key) {
      const bytes = get(key);
      return bytes === undefined ? undefined : codec.decode(bytes);
    },
    *scan(start, scan = {}) {
      for (const { key, value } of db.getRange(rangeOf(start, scan))) {
        yield { key: plain(key), value: unseal(key, value) };
      }
    },
  };
}

/**
 * To be used inside `db.transactionSync` only. The package drops the error of a single put or remove; the
 * library marks the transaction, and it is the commit that throws.
 */
export function transactionOf(db: Database): Transaction {
  return {
    ...viewOf(db),
    put(key, value) {
      db.putSync(key, seal(key, value));
    },
    remove(key) {
      db.removeSync(key);
    },
  };
}

function rangeOf(start: Uint8Array, scan: Scan): NonNullable<Parameters<Database['getRange']>[0]> {
  const end = successor(start);
  const limit = scan.limit === undefined ? {} : { limit: scan.limit };
  const from = scan.after === undefined ? {} : { start: scan.after, exclusiveStart: true };
  // A reverse range starts at its upper end, which here is no key, and ends behind its lower end.
  if (scan.reverse === true)
    return { start: end, end: start, inclusiveEnd: true, reverse: true, ...limit, ...from };
  return { start, end, ...limit, ...from };
}

/** The first byte string behind all that start with this one. Prefixes end in an ASCII byte or in zero. */
function successor(bytes: Uint8Array): Uint8Array {
  const end = Uint8Array.from(bytes);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

/** Plain Uint8Arrays come out: a Buffer's `slice` shares memory, and decoders rely on copies. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
