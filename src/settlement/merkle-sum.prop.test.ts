/** A proof leads from its own leaf to the root and from nothing else. */
import { assert as property, array, integer, property as forAll, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, toHex } from '../core/bytes.ts';
import { sats } from '../core/sats.ts';
import { sha256 } from '../platform/hash.ts';
import { type SumNode, sumLeaf, sumProof, sumRoot, verifySumProof } from './merkle-sum.ts';

const amounts = array(integer({ min: 0, max: 1_000_000_000 }), { minLength: 1, maxLength: 40 });
const leavesFor = (values: readonly number[]): SumNode[] =>
  values.map((value, no) => sumLeaf(Uint8Array.of(no), sats(value), sha256));

const u64 = (value: number): Uint8Array => Uint8Array.of(value, 0, 0, 0, 0, 0, 0, 0);

describe('the Merkle-sum tree', () => {
  it('sums to all leaves and proves each of them', () => {
    property(
      forAll(amounts, (values) => {
        const leaves = leavesFor(values);
        const root = sumRoot(leaves, sha256);
        expect(root.sumSats).toBe(values.reduce((a, b) => a + b, 0));
        for (const [index, leaf] of leaves.entries()) {
          expect(verifySumProof(leaf, sumProof(leaves, index, sha256) ?? [], root, sha256)).toBe(true);
        }
        expect(sumProof(leaves, leaves.length, sha256)).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });

  it('proves no other leaf, amount, place or root', () => {
    property(
      forAll(amounts, integer({ min: 0 }), uint8Array({ minLength: 1 }), (values, at, other) => {
        const leaves = leavesFor([...values, 5]);
        const index = at % leaves.length;
        const leaf = leaves[index];
        const proof = sumProof(leaves, index, sha256) ?? [];
        const root = sumRoot(leaves, sha256);
        if (leaf === undefined) throw new Error('a leaf is missing');
        const wrong = (node: SumNode, path = proof, top = root): void =>
          expect(verifySumProof(node, path, top, sha256)).toBe(false);
        wrong({ ...leaf, sumSats: sats(leaf.sumSats + 1) });
        wrong({ ...leaf, hash: sha256(other) });
        wrong(leaf, proof.slice(1));
        wrong(leaf, proof, { ...root, sumSats: sats(root.sumSats + 1) });
        wrong(
          leaf,
          proof.map((step) => ({ ...step, side: step.side === 'left' ? 'right' : 'left' })),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('has the root that its document describes', () => {
    const [a, b, c] = leavesFor([1, 2, 3]);
    if (a === undefined || b === undefined || c === undefined) throw new Error('three are needed');
    expect(toHex(a.hash)).toBe(toHex(sha256(Uint8Array.of(0, 0))));
    const ab = sha256(concatBytes([Uint8Array.of(1), a.hash, u64(1), b.hash, u64(2)]));
    const abc = sha256(concatBytes([Uint8Array.of(1), ab, u64(3), c.hash, u64(3)]));
    expect(toHex(sumRoot([a, b, c], sha256).hash)).toBe(toHex(abc));
    expect(sumRoot([a], sha256)).toEqual(a);
    expect(toHex(sumRoot([], sha256).hash)).toBe(toHex(sha256(new Uint8Array())));
  });
});
