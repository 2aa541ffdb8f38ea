/**
 * Whether an LMDB file is whole, found out by reading it and without opening it: LMDB has no checksums and trusts what it
 * maps, so a damaged page ends the process by a signal, or, worse, answers that a row does not exist.
 *
 * From the newer of the two meta pages every page that belongs to the committed state is read once: that it is the page
 * it should be, that its rows lie inside it and in order, that no page has two owners, and that the counts of pages and
 * rows are those of the meta page. Pages on the list of free ones must have no owner; what is in them does not matter.
 * What the rows say is for `onRow` to judge.
 *
 * Layout: data version 2 of the LMDB that the lmdb package builds, 64 bits, little-endian (its mdb.c: MDB_page, MDB_node,
 * MDB_meta). Costs about a microsecond a row; bounded memory besides one bit a page.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

export type FileCheck =
  | { readonly ok: true; readonly pages: number; readonly rows: number }
  | { readonly ok: false; readonly problem: string };

/** Tells what is wrong with a row; undefined: nothing. `table` is the name of the database in the file, or null. */
export type RowCheck = (row: {
  readonly table: string | null;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}) => string | undefined;

const MAGIC = 0xbeefc0de;
const VERSION = 2;
const HEADER = 24;
const NODE_HEADER = 8;
const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
const META = 0x08;
/** Flags of nodes. */
const BIG_DATA = 0x01;
const SUB_DATABASE = 0x02;
/** Flag of a table whose keys are integers of the machine. */
const INTEGER_KEYS = 0x08;
/** Flag of a file: left by a mode of writing that is not used here; means nothing without it. */
const OVERLAPPING_SYNC = 0x1000;
const NO_PAGE = 2n ** 64n - 1n;
/** Of the address space of a process. */
const MAP_BYTES_MAX = 2 ** 46;
const DEPTH_MAX = 32;
/** A state that is replaced while it is read (another process writes) is read again. */
const ATTEMPTS = 50;

class Damage extends Error {
  override readonly name = 'Damage';
}

function ensure(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new Damage(problem);
}

/** `directory`: of the LMDB environment. A file that is not there, or empty, is whole. */
export function checkLmdbFile(directory: string, onRow: RowCheck = () => undefined): FileCheck {
  let file: number;
  try {
    file = openSync(join(directory, 'data.mdb'), 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return { ok: true, pages: 0, rows: 0 };
    throw error;
  }
  try {
    if (fstatSync(file).size === 0) return { ok: true, pages: 0, rows: 0 };
    for (let attempt = 1; ; attempt++) {
      const before = newestTransaction(file);
      try {
        return new Walk(file, onRow).run();
      } catch (error) {
        if (!(error instanceof Damage)) throw error;
        const moved = attempt < ATTEMPTS && newestTransaction(file) !== before;
        if (!moved) return { ok: false, problem: error.message };
      }
    }
  } finally {
    closeSync(file);
  }
}

interface Tree {
  readonly table: string | null;
  readonly integerKeys: boolean;
  readonly depth: number;
  readonly branches: number;
  readonly leaves: number;
  readonly overflows: number;
  readonly rows: number;
  readonly root: bigint;
}

interface Meta {
  readonly pageBytes: number;
  readonly transaction: number;
  readonly mapBytes: number;
  readonly pages: number;
  readonly free: Tree;
  readonly main: Tree;
}

function readTree(bytes: Buffer, at: number, table: string | null): Tree {
  const count = (offset: number): number => Number(bytes.readBigUInt64LE(at + offset));
  return {
    table,
    integerKeys: (bytes.readUInt16LE(at + 4) & INTEGER_KEYS) !== 0,
    depth: bytes.readUInt16LE(at + 6),
    branches: count(8),
    leaves: count(16),
    overflows: count(24),
    rows: count(32),
    root: bytes.readBigUInt64LE(at + 40),
  };
}

function readMeta(file: number, no: 0 | 1, pageBytes: number): Meta {
  const bytes = Buffer.alloc(HEADER + 144);
  const read = readSync(file, bytes, 0, bytes.length, no * pageBytes);
  ensure(read === bytes.length, 'it is cut off within its first pages');
  const isMeta = bytes.readUInt16LE(18) === META && bytes.readUInt32LE(HEADER) === MAGIC;
  ensure(
    isMeta && bytes.readUInt32LE(HEADER + 4) === VERSION,
    `page ${no} is not a meta page of this version`,
  );
  // Flags of the free list and of the main table, which also carry those of the file.
  const flags = bytes.readUInt16LE(HEADER + 28) & ~OVERLAPPING_SYNC;
  const plain = flags === INTEGER_KEYS && bytes.readUInt16LE(HEADER + 76) === 0;
  ensure(plain, `page ${no} asks for a mode that is not used here`);
  return {
    pageBytes: bytes.readUInt32LE(HEADER + 24),
    transaction: Number(bytes.readBigUInt64LE(HEADER + 128)),
    mapBytes: Number(bytes.readBigUInt64LE(HEADER + 16)),
    pages: Number(bytes.readBigUInt64LE(HEADER + 120)) + 1,
    free: readTree(bytes, HEADER + 24, null),
    main: readTree(bytes, HEADER + 72, null),
  };
}

function newestTransaction(file: number): number | undefined {
  try {
    return newestMeta(file).transaction;
  } catch {
    return undefined;
  }
}

/** Transactions write the two in turn, so that they are one apart; both are 0 or 1 at first. */
function newestMeta(file: number): Meta {
  const first = readMeta(file, 0, 0);
  const { pageBytes } = first;
  ensure(
    pageBytes >= 512 && pageBytes <= 65_536 && pageBytes % 512 === 0,
    `its pages have ${pageBytes} bytes`,
  );
  const second = readMeta(file, 1, pageBytes);
  ensure(second.pageBytes === pageBytes, 'its two meta pages differ in the size of a page');
  const [newest, other] = first.transaction >= second.transaction ? [first, second] : [second, first];
  const apart = newest.transaction - other.transaction;
  ensure(apart === 1 || newest.transaction <= 1, `its meta pages are ${apart} transactions apart`);
  return newest;
}

interface Node {
  readonly flags: number;
  readonly key: Buffer;
  /** Of a branch: the page. Of a leaf: bytes of data. */
  readonly number: number;
  /** Where the data begins. */
  readonly dataAt: number;
}

interface Bounds {
  /** Keys are not below, and below. */
  readonly from: Buffer | null;
  readonly to: Buffer | null;
}

class Walk {
  readonly #file: number;
  readonly #onRow: RowCheck;
  readonly #meta: Meta;
  /** One bit a page. */
  readonly #seen: Uint8Array;
  readonly #pagesHere: number;
  #pages = 0;
  #rows = 0;
  /** Of the tree under way. */
  #counts = { branches: 0, leaves: 0, overflows: 0, rows: 0 };
  #last: Buffer | null = null;

  constructor(file: number, onRow: RowCheck) {
    this.#file = file;
    this.#onRow = onRow;
    this.#meta = newestMeta(file);
    const { pages, pageBytes, mapBytes } = this.#meta;
    ensure(pages * pageBytes <= mapBytes && mapBytes < MAP_BYTES_MAX, `its map has ${mapBytes} bytes`);
    // The file may be shorter: its last pages are free then.
    this.#pagesHere = Math.min(pages, Math.floor(fstatSync(file).size / pageBytes));
    this.#seen = new Uint8Array(Math.ceil(this.#pagesHere / 8));
  }

  run(): FileCheck {
    const { free, main, transaction } = this.#meta;
    const roots = [this.#tree(free), this.#tree(main)];
    const newest = Math.max(...roots);
    ensure(newest < 0 || newest === transaction, 'its meta page does not belong to its newest pages');
    return { ok: true, pages: this.#pages, rows: this.#rows };
  }

  /** The transaction that wrote its root; -1: it is empty. */
  #tree(tree: Tree): number {
    const outer = { counts: this.#counts, last: this.#last };
    this.#counts = { branches: 0, leaves: 0, overflows: 0, rows: 0 };
    this.#last = null;
    const written =
      tree.root === NO_PAGE
        ? -1
        : this.#page(tree, Number(tree.root), {
            level: 1,
            newest: this.#meta.transaction,
            from: null,
            to: null,
          });
    const { branches, leaves, overflows, rows } = this.#counts;
    const same =
      branches === tree.branches &&
      leaves === tree.leaves &&
      overflows === tree.overflows &&
      rows === tree.rows;
    ensure(same, `${rows} rows on ${leaves} pages are there, and ${tree.rows} on ${tree.leaves} should be`);
    this.#counts = outer.counts;
    this.#last = outer.last;
    return written;
  }

  /** Checks a page and all below it; the transaction that wrote it. */
  #page(tree: Tree, no: number, at: Bounds & { readonly level: number; readonly newest: number }): number {
    ensure(at.level <= Math.min(tree.depth, DEPTH_MAX), `page ${no} is deeper than its tree`);
    const page = this.#read(no, 1);
    const written = Number(page.readBigUInt64LE(8));
    const flags = page.readUInt16LE(18);
    ensure(written <= at.newest, `page ${no} is newer than the page that leads to it`);
    ensure(
      flags === (at.level === tree.depth ? LEAF : BRANCH),
      `page ${no} is of another kind than it should be`,
    );
    const nodes = readNodes(page, no, flags);
    if (flags === BRANCH) {
      this.#counts.branches++;
      ensure(nodes.length >= 2, `page ${no} leads to too few`);
      for (const [place, { key, number }] of nodes.entries()) {
        const from = place === 0 ? at.from : key;
        const to = nodes[place + 1]?.key ?? at.to;
        this.#page(tree, number, { level: at.level + 1, newest: written, from, to });
      }
    } else {
      this.#counts.leaves++;
      for (const node of nodes) this.#row(tree, { page, no, node, written }, at);
    }
    return written;
  }

  #row(
    tree: Tree,
    row: { readonly page: Buffer; readonly no: number; readonly node: Node; readonly written: number },
    { from, to }: Bounds,
  ): void {
    const { page, no, node, written } = row;
    const { key, flags, number: size, dataAt } = node;
    const compare = (a: Buffer, b: Buffer): number => compareKeys(tree, a, b);
    const inOrder =
      (this.#last === null || compare(this.#last, key) < 0) &&
      (from === null || compare(from, key) <= 0) &&
      (to === null || compare(key, to) < 0);
    ensure(inOrder, `the rows of page ${no} are out of order`);
    this.#last = Buffer.from(key);
    this.#counts.rows++;
    this.#rows++;
    const value =
      flags === BIG_DATA ? this.#overflow(page, node, written) : page.subarray(dataAt, dataAt + size);
    if (flags === SUB_DATABASE) {
      ensure(size === 48, `page ${no} has a table of another form`);
      this.#tree(readTree(value, 0, key.toString('latin1').replace(/\0$/, '')));
      return;
    }
    ensure(flags === 0 || flags === BIG_DATA, `page ${no} has rows of an unknown kind`);
    if (tree === this.#meta.free) {
      this.#freePages(value, no);
      return;
    }
    const problem = this.#onRow({ table: tree.table, key, value });
    ensure(problem === undefined, `a row of page ${no} is damaged: ${problem ?? ''}`);
  }

  /**
   * A list of free pages: how many entries follow, then 0 for none, the number of a page, or minus a count before the
   * number of the first page of so many.
   */
  #freePages(list: Buffer, no: number): void {
    const entries = list.length < 8 ? -1 : Number(list.readBigInt64LE(0));
    ensure(
      entries >= 0 && 8 * (entries + 1) <= list.length,
      `page ${no} has a list of free pages of another form`,
    );
    for (let at = 1; at <= entries; at++) {
      const entry = Number(list.readBigInt64LE(8 * at));
      if (entry === 0) continue;
      if (entry < 0) at++;
      ensure(at <= entries, `page ${no} has a list of free pages that breaks off`);
      this.#own(Number(list.readBigInt64LE(8 * at)), Math.max(1, -entry));
    }
  }

  /** A value too large for a page has pages of its own. */
  #overflow(page: Buffer, { number: size, dataAt }: Node, newest: number): Buffer {
    const [no = 0, written = 0, pages = 0] = [0, 8, 16].map((at) =>
      Number(page.readBigUInt64LE(dataAt + at)),
    );
    // More pages than it takes: a longer value was there before in the same transaction.
    ensure(pages * this.#meta.pageBytes >= HEADER + size, `the value on page ${no} is longer than its pages`);
    const bytes = this.#read(no, pages);
    const fits =
      bytes.readUInt16LE(18) === OVERFLOW &&
      bytes.readUInt32LE(20) === pages &&
      Number(bytes.readBigUInt64LE(8)) === written &&
      written <= newest;
    ensure(fits, `page ${no} does not hold the value that it should`);
    this.#counts.overflows += pages;
    return bytes.subarray(HEADER, HEADER + size);
  }

  #read(no: number, pages: number): Buffer {
    const { pageBytes } = this.#meta;
    this.#own(no, pages);
    ensure(no + pages <= this.#pagesHere, `it is cut off before page ${no + pages - 1}`);
    const bytes = Buffer.allocUnsafe(pages * pageBytes);
    const read = readSync(this.#file, bytes, 0, bytes.length, no * pageBytes);
    ensure(read === bytes.length, `it is cut off at page ${no}`);
    ensure(Number(bytes.readBigUInt64LE(0)) === no, `page ${no} is another page`);
    this.#pages += pages;
    return bytes;
  }

  #own(no: number, pages: number): void {
    const inside = no >= 2 && pages >= 1 && no + pages <= this.#meta.pages;
    ensure(inside, `page ${no} is not among its ${this.#meta.pages} pages`);
    for (let at = no; at < Math.min(no + pages, this.#pagesHere); at++) {
      const bit = 1 << (at % 8);
      const bits = this.#seen[at >> 3] ?? 0;
      ensure((bits & bit) === 0, `page ${at} is used twice`);
      this.#seen[at >> 3] = bits | bit;
    }
  }
}

function readNodes(page: Buffer, no: number, flags: number): Node[] {
  const lower = page.readUInt16LE(20);
  const upper = page.readUInt16LE(22);
  const fits = lower % 2 === 0 && lower <= upper && HEADER + upper <= page.length;
  ensure(fits, `page ${no} has impossible bounds`);
  return Array.from({ length: lower / 2 }, (_, place) => {
    const at = HEADER + page.readUInt16LE(HEADER + 2 * place);
    ensure(at >= HEADER + upper && at + NODE_HEADER <= page.length, `page ${no} has a row outside of it`);
    const nodeFlags = page.readUInt16LE(at + 4);
    const keyBytes = page.readUInt16LE(at + 6);
    const dataAt = at + NODE_HEADER + keyBytes;
    const low = page.readUInt32LE(at);
    const data = flags === BRANCH ? 0 : nodeFlags === BIG_DATA ? 24 : low;
    ensure(dataAt + data <= page.length, `page ${no} has a row that ends outside of it`);
    return {
      flags: nodeFlags,
      key: page.subarray(at + NODE_HEADER, dataAt),
      number: flags === BRANCH ? low + nodeFlags * 2 ** 32 : low,
      dataAt,
    };
  });
}

/** Integers of the machine are little-endian, all of one length. */
function compareKeys(tree: Tree, a: Buffer, b: Buffer): number {
  return tree.integerKeys ? Buffer.compare(a.toReversed(), b.toReversed()) : Buffer.compare(a, b);
}
