/**
 * Block headers, the Merkle tree over a block's txids, and Merkle paths (BUMP, BRC-74). Hashes are in the
 * order in which they are hashed; `displayHash` turns them into what people read.
 *
 *   header  u32 version | 32 previous hash | 32 Merkle root | u32 time | u32 bits | u32 nonce
 *   BUMP    varint height | u8 levels | each level: varint leaves | each: varint offset | u8 flags | 32 hash
 *           flags: 0 a sibling's hash, 1 duplicate (no hash: the sibling equals its partner), 2 the txid itself
 */
import { assert } from './assert.ts';
import { ByteReader, ByteWriter, type Sha256, TruncatedError, concatBytes, equalBytes } from './bytes.ts';
import { readVarint, sha256d, writeVarint } from './transaction.ts';

export const HEADER_BYTES = 80;
/** Target of development chains: every second hash meets it. */
export const REGTEST_BITS = 0x207fffff;
const BUMP_LEVELS_MAX = 31;
const OFFSET_MAX = 0x7fffffff;

export interface BlockHeader {
  readonly version: number;
  readonly previousHash: Uint8Array;
  readonly merkleRoot: Uint8Array;
  /** Seconds since 1970. */
  readonly time: number;
  readonly bits: number;
  readonly nonce: number;
}

export function encodeHeader(header: BlockHeader): Uint8Array {
  return new ByteWriter(HEADER_BYTES)
    .u32(header.version)
    .bytes(header.previousHash)
    .bytes(header.merkleRoot)
    .u32(header.time)
    .u32(header.bits)
    .u32(header.nonce)
    .finish();
}

export function decodeHeader(bytes: Uint8Array): BlockHeader {
  assert(bytes.length === HEADER_BYTES, 'a header has 80 bytes');
  const reader = new ByteReader(bytes);
  return {
    version: reader.u32(),
    previousHash: reader.bytes(32),
    merkleRoot: reader.bytes(32),
    time: reader.u32(),
    bits: reader.u32(),
    nonce: reader.u32(),
  };
}

/** Whether the hash of an 80-byte header, as a number, is at most the target that its bits spell. */
export function meetsTarget(header: Uint8Array, sha256: Sha256): boolean {
  const { bits } = decodeHeader(header);
  const size = bits >>> 24;
  const mantissa = bits & 0x7fffff;
  if ((bits & 0x800000) !== 0 || mantissa === 0 || size < 3 || size > 32) return false;
  const target = new Uint8Array(32); // most significant byte first
  for (let i = 0; i < 3; i++) {
    const at = 32 - size + i;
    if (at >= 0) target[at] = (mantissa >>> (8 * (2 - i))) & 0xff;
  }
  const hash = sha256d(header, sha256).toReversed();
  for (let i = 0; i < 32; i++) {
    const a = hash[i] ?? 0;
    const b = target[i] ?? 0;
    if (a !== b) return a < b;
  }
  return true;
}

/** Levels of the tree, the txids first, the root alone last; an odd last hash is paired with itself. */
function merkleLevels(txids: readonly Uint8Array[], sha256: Sha256): Uint8Array[][] {
  assert(txids.length > 0, 'a block has a transaction');
  let level = [...txids];
  const levels = [level];
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i];
      const right = level[i + 1] ?? left;
      assert(left !== undefined && right !== undefined, 'the pair is inside the level');
      above.push(sha256d(concatBytes([left, right]), sha256));
    }
    levels.push(above);
    level = above;
  }
  return levels;
}

export function merkleRoot(txids: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  const root = merkleLevels(txids, sha256).at(-1)?.[0];
  assert(root !== undefined, 'the last level is the root');
  return root;
}

/** Path of the transaction at `index` of a block, as BUMP. */
export function encodeMerklePath(
  txids: readonly Uint8Array[],
  index: number,
  height: number,
  sha256: Sha256,
): Uint8Array {
  const own = txids[index];
  assert(own !== undefined, 'the transaction is in the block');
  const levels = merkleLevels(txids, sha256);
  const writer = new ByteWriter(64 + 40 * levels.length);
  writeVarint(writer, height);
  writer.u8(Math.max(1, levels.length - 1));
  let offset = index;
  for (let no = 0; no < Math.max(1, levels.length - 1); no++) {
    const sibling = levels[no]?.[offset ^ 1];
    const withSibling = levels.length > 1;
    // Leaves ascend by offset; level 0 carries the txid beside its sibling.
    const leaves: [offset: number, write: () => void][] = [];
    if (no === 0) leaves.push([offset, () => writer.u8(2).bytes(own)]);
    if (withSibling) {
      leaves.push([offset ^ 1, () => (sibling === undefined ? writer.u8(1) : writer.u8(0).bytes(sibling))]);
    }
    leaves.sort((a, b) => a[0] - b[0]);
    writeVarint(writer, leaves.length);
    for (const [at, write] of leaves) {
      writeVarint(writer, at);
      write();
    }
    offset >>>= 1;
  }
  return writer.finish();
}

export interface MerklePathResult {
  readonly height: number;
  /** Position in the block; 0 is the coinbase. */
  readonly index: number;
  readonly root: Uint8Array;
}

/**
 * Follows a BUMP for exactly one transaction from its txid (as hashed) to the root. Undefined when it is
 * malformed, proves another transaction, or carries anything that is not needed.
 */
export function followMerklePath(
  bump: Uint8Array,
  txid: Uint8Array,
  sha256: Sha256,
): MerklePathResult | undefined {
  const reader = new ByteReader(bump);
  try {
    const height = readVarint(reader);
    const levels = reader.u8();
    if (levels < 1 || levels > BUMP_LEVELS_MAX) return undefined;
    const first = readLevel(reader);
    const own = first.find((leaf) => leaf.flags === 2);
    if (own?.hash === undefined || !equalBytes(own.hash, txid)) return undefined;
    let offset = own.offset;
    let hash = own.hash;
    for (let no = 0; no < levels; no++) {
      const leaves = no === 0 ? first.filter((leaf) => leaf !== own) : readLevel(reader);
      if (no === 0 && levels === 1 && leaves.length === 0 && offset === 0) break; // alone in its block
      const [sibling] = leaves;
      if (leaves.length !== 1 || sibling?.offset !== (offset ^ 1) || sibling.flags === 2) return undefined;
      if (sibling.flags === 1 && (offset & 1) === 1) return undefined; // only a last left node is doubled
      // Spelled out, a duplicate would be a second path, and one to a transaction that the block does not have.
      if (sibling.hash !== undefined && equalBytes(sibling.hash, hash)) return undefined;
      const other = sibling.hash ?? hash;
      hash = sha256d(concatBytes((offset & 1) === 1 ? [other, hash] : [hash, other]), sha256);
      offset = Math.floor(offset / 2);
    }
    return reader.remaining === 0 && offset === 0 ? { height, index: own.offset, root: hash } : undefined;
  } catch (error) {
    if (error instanceof TruncatedError) return undefined;
    throw error;
  }
}

interface PathLeaf {
  readonly offset: number;
  readonly flags: number;
  readonly hash: Uint8Array | undefined;
}

function readLevel(reader: ByteReader): PathLeaf[] {
  const leaves: PathLeaf[] = [];
  const count = readVarint(reader);
  if (count > 2) throw new TruncatedError('more leaves than one path needs');
  let last = -1;
  for (let left = count; left > 0; left--) {
    const offset = readVarint(reader);
    const flags = reader.u8();
    if (flags > 2 || offset > OFFSET_MAX || offset <= last) throw new TruncatedError('not a canonical leaf');
    last = offset;
    leaves.push({ offset, flags, hash: flags === 1 ? undefined : reader.bytes(32) });
  }
  return leaves;
}
