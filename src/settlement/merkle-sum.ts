/**
 * A Merkle-sum tree: every node carries the sum of what is below it, so that a root commits to a total and an
 * inclusion proof shows that an amount is part of it. Pure.
 *
 *   leaf  hash = SHA-256(00 | leaf bytes), sum given with it
 *   node  hash = SHA-256(01 | left hash | left sum u64 | right hash | right sum u64), sum = left + right
 *
 * Little-endian. A node without a partner moves up as it is. The tree of no leaves is SHA-256 of nothing, sum 0.
 */
import { ByteWriter, type Sha256, concatBytes, equalBytes } from '../core/bytes.ts';
import { type Sats, addSats, sats } from '../core/sats.ts';

export interface SumNode {
  readonly hash: Uint8Array;
  readonly sumSats: Sats;
}

/** The partners met on the way from a leaf to the root; none where the node moved up alone. */
export type SumProof = readonly { readonly side: 'left' | 'right'; readonly node: SumNode }[];

const LEAF = Uint8Array.of(0);

export function sumLeaf(bytes: Uint8Array, sumSats: Sats, sha256: Sha256): SumNode {
  return { hash: sha256(concatBytes([LEAF, bytes])), sumSats };
}

export function sumRoot(leaves: readonly SumNode[], sha256: Sha256): SumNode {
  let level = leaves;
  while (level.length > 1) level = above(level, sha256);
  return level[0] ?? { hash: sha256(new Uint8Array()), sumSats: sats(0) };
}

/** Undefined when there is no such leaf. */
export function sumProof(leaves: readonly SumNode[], index: number, sha256: Sha256): SumProof | undefined {
  if (leaves[index] === undefined) return undefined;
  const proof: { side: 'left' | 'right'; node: SumNode }[] = [];
  let at = index;
  for (let level = leaves; level.length > 1; level = above(level, sha256), at >>>= 1) {
    const node = level[at ^ 1];
    if (node !== undefined) proof.push({ side: (at & 1) === 1 ? 'left' : 'right', node });
  }
  return proof;
}

/** Whether the proof leads from the leaf to the root, hash and sum. */
export function verifySumProof(leaf: SumNode, proof: SumProof, root: SumNode, sha256: Sha256): boolean {
  let node = leaf;
  for (const { side, node: partner } of proof) {
    node = side === 'left' ? join(partner, node, sha256) : join(node, partner, sha256);
  }
  return node.sumSats === root.sumSats && equalBytes(node.hash, root.hash);
}

function above(level: readonly SumNode[], sha256: Sha256): SumNode[] {
  const nodes: SumNode[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const [left, right] = [level[i], level[i + 1]];
    if (left !== undefined) nodes.push(right === undefined ? left : join(left, right, sha256));
  }
  return nodes;
}

/** Filled anew by each call: a tree has as many nodes as leaves. */
const scratch = new ByteWriter(81);

function join(left: SumNode, right: SumNode, sha256: Sha256): SumNode {
  const bytes = scratch
    .reset()
    .u8(1)
    .bytes(left.hash)
    .u64(left.sumSats)
    .bytes(right.hash)
    .u64(right.sumSats)
    .finish();
  return { hash: sha256(bytes), sumSats: addSats(left.sumSats, right.sumSats) };
}
