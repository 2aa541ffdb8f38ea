/** Where the transactions were mined: Merkle paths, headers, proof of work. */
import { decodeHeader, followMerklePath, meetsTarget } from '../../core/block.ts';
import { type Sha256, equalBytes, fromHex } from '../../core/bytes.ts';
import { displayHash, sha256d } from '../../core/transaction.ts';
import type { Receipt, ReceiptTransaction } from '../receipt.ts';

export function pathProblem({ txid, block }: ReceiptTransaction, sha256: Sha256): string | undefined {
  if (block === null) return 'is not mined yet: the receipt is provisional';
  const followed = followMerklePath(fromHex(block.merklePath), fromHex(txid).toReversed(), sha256);
  if (followed === undefined) return 'the Merkle path does not start at it';
  if (followed.height !== block.height) return `the Merkle path is for block ${followed.height}`;
  const { merkleRoot } = decodeHeader(fromHex(block.header));
  return equalBytes(followed.root, merkleRoot) ? undefined : 'the Merkle path does not lead to the header';
}

export function headerProblem({ block }: ReceiptTransaction, sha256: Sha256): string | undefined {
  if (block === null) return 'is not mined yet: the receipt is provisional';
  const header = fromHex(block.header);
  if (displayHash(sha256d(header, sha256)) !== block.hash) return 'the header has another hash';
  return meetsTarget(header, sha256) ? undefined : 'the header lacks its proof of work';
}

export function statusProblem(receipt: Receipt): string | undefined {
  const mined = receipt.transactions.every((transaction) => transaction.block !== null);
  if (!mined && receipt.status === 'mined') return 'a transaction has no block';
  return mined && receipt.status !== 'mined' ? 'every transaction is mined' : undefined;
}
