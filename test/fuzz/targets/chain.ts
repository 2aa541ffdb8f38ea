/** Transactions, raw and extended, and Merkle paths. */
import { encodeMerklePath, followMerklePath, merkleRoot } from '../../../src/core/block.ts';
import { equalBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import type { Prng } from '../../../src/core/prng.ts';
import { createSighasher, p2pkhUnlockingScript, parseP2pkhUnlocking } from '../../../src/core/sighash.ts';
import {
  type ExtendedTx,
  accountOfP2pkh,
  p2pkhScript,
  parseExtended,
  parseTransaction,
  serialiseExtended,
  serialiseTransaction,
} from '../../../src/core/transaction.ts';
import { sha256 } from '../../../src/platform/hash.ts';
import { parseReceipt } from '../../../src/settlement/receipt-format.ts';
import type { Settled } from '../../../src/settlement/testing/settled-rounds.ts';
import { randomBytes } from '../mutate.ts';
import { type CaseOutcome, type Target, checkCodec, insist } from '../target.ts';

const extended = { decode: parseExtended, encode: serialiseExtended, isCanonical: true };
const raw = { decode: parseTransaction, encode: serialiseTransaction, isCanonical: true };

export function transactionTarget(settled: readonly Settled[]): Target {
  return {
    name: 'transactions',
    corpus: () =>
      settled.flatMap(({ receipt }) => {
        const parsed = parseReceipt(receipt);
        if (!parsed.ok) throw new Error(parsed.problem);
        return parsed.receipt.transactions.flatMap(({ ef }) => {
          const bytes = fromHex(ef);
          const tx = parseExtended(bytes);
          return tx === undefined ? [] : [bytes, serialiseTransaction(tx)];
        });
      }),
    run(input): CaseOutcome {
      const outcomes = [checkCodec(extended, input), checkCodec(raw, input)];
      const tx = parseExtended(input);
      if (tx !== undefined) checkScripts(tx);
      return outcomes.includes('accepted') ? 'accepted' : 'refused';
    },
  };
}

/** Scripts of any bytes: understood exactly or not at all. */
function checkScripts(tx: ExtendedTx): void {
  const digest = createSighasher(tx, sha256);
  for (const [index, { unlockingScript, sourceScript }] of tx.inputs.entries()) {
    insist(digest(index).length === 32, 'a digest has 32 bytes');
    const unlocking = parseP2pkhUnlocking(unlockingScript);
    if (unlocking !== undefined) {
      const again = p2pkhUnlockingScript(unlocking.signature, unlocking.publicKey);
      insist(equalBytes(again, unlockingScript), 'an unlocking script has two spellings');
    }
    const account = accountOfP2pkh(sourceScript);
    insist(account === undefined || equalBytes(p2pkhScript(account), sourceScript), 'two spellings of P2PKH');
  }
}

interface Block {
  readonly txids: readonly Uint8Array[];
  readonly root: string;
}

/** Blocks of every size up to 17: all shapes of a tree with odd levels. */
function blocks(random: Prng): Block[] {
  return Array.from({ length: 17 }, (_, no) => {
    const txids = Array.from({ length: no + 1 }, () => randomBytes(random, 32));
    return { txids, root: toHex(merkleRoot(txids, sha256)) };
  });
}

/** The last transaction of an odd block, its partner given as a hash and not as a duplicate: on either side. */
function spelledOut(txids: readonly Uint8Array[], index: number, path: Uint8Array): Uint8Array[] {
  const txid = txids[index];
  if (txid === undefined || txids.length % 2 === 0 || txids.length === 1 || index !== txids.length - 1)
    return [];
  // After the height (5 bytes) and the levels: 2 leaves | offset, flag 2, txid | offset, flag 1 (a duplicate).
  const rest = path.subarray(5 + 1 + 1 + 1 + 1 + 32 + 1 + 1);
  const head = [...txid, ...path.subarray(0, 7)];
  return [
    Uint8Array.of(...head, index, 2, ...txid, index + 1, 0, ...txid, ...rest),
    Uint8Array.of(...head, index, 0, ...txid, index + 1, 2, ...txid, ...rest),
  ];
}

/** An input is a txid and a path. A path to a block's root is the one path of that transaction, or it is refused. */
function pathTarget(): Target {
  const genuine = new Map<string, string>();
  return {
    name: 'merkle-paths',
    corpus(random) {
      genuine.clear();
      return blocks(random)
        .flatMap(({ txids, root }) =>
          txids.map((txid, index) => {
            const path = encodeMerklePath(txids, index, 800_000 + index, sha256);
            genuine.set(`${root} ${toHex(txid)}`, `${index} ${toHex(path)}`);
            return [Uint8Array.of(...txid, ...path), ...spelledOut(txids, index, path)];
          }),
        )
        .flat();
    },
    run(input): CaseOutcome {
      const txid = input.slice(0, 32);
      const path = input.slice(32);
      const followed = followMerklePath(path, txid, sha256);
      const pooled = followMerklePath(Buffer.from(input).subarray(32), txid, sha256);
      insist((pooled === undefined) === (followed === undefined), 'a Buffer is followed otherwise');
      if (followed === undefined) return 'refused';
      const { root, index, height } = followed;
      insist(Number.isSafeInteger(height) && Number.isSafeInteger(index) && root.length === 32, 'odd result');
      for (const [key, value] of genuine) {
        const [knownRoot, knownTxid] = key.split(' ');
        if (knownRoot !== toHex(root)) continue;
        if (knownTxid === toHex(txid)) checkSamePath(value, index, path, height);
      }
      const known = [...genuine.keys()].filter((key) => key.startsWith(toHex(root)));
      insist(
        known.length === 0 || known.some((key) => key.endsWith(toHex(txid))),
        'proves what is not in the block',
      );
      return 'accepted';
    },
  };
}

/** The height is not hashed, so only it may differ. */
function checkSamePath(value: string, index: number, path: Uint8Array, height: number): void {
  const [knownIndex, knownPath] = value.split(' ');
  insist(String(index) === knownIndex, `the transaction is at ${String(knownIndex)}, not at ${index}`);
  const same = toHex(path) === knownPath || height !== 800_000 + index;
  insist(same, 'the transaction has a second path to the same root');
}

export const merklePaths: Target = pathTarget();
