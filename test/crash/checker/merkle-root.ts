/** The Merkle root of a block, in the byte order of its header. */
import { hex, reversed, sha256 } from './layout.ts';

export function merkleRoot(txids: readonly string[]): string {
  let level: Buffer[] = txids.map((txid) => reversed(hex(txid)));
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const left = level[at] ?? Buffer.alloc(32);
      above.push(sha256(sha256(left, level[at + 1] ?? left)));
    }
    level = above;
  }
  return level[0]?.toString('hex') ?? '';
}
