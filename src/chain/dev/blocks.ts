/** Blocks of the dev chain: the first one, the next one, and what makes a block follow another. */
import { assert } from '../../core/assert.ts';
import {
  type BlockHeader,
  REGTEST_BITS,
  decodeHeader,
  encodeHeader,
  meetsTarget,
  merkleRoot,
} from '../../core/block.ts';
import { ByteWriter, equalBytes, fromHex } from '../../core/bytes.ts';
import type { Txid } from '../../core/ids.ts';
import {
  type Tx,
  type TxOutput,
  SEQUENCE_FINAL,
  serialiseTransaction,
  sha256d,
} from '../../core/transaction.ts';
import { sha256 } from '../../platform/hash.ts';

const NO_TXID = '00'.repeat(32) as Txid;
const COINBASE_VOUT = 0xffffffff;
const BLOCK_VERSION = 0x20000000;
/** OP_FALSE OP_RETURN */
const NOTHING: TxOutput = { sats: 0, lockingScript: Uint8Array.of(0x00, 0x6a) };

/** The first transaction of a block. Its height makes its id unique, as BIP-34 has it. */
export function coinbase(height: number, output: TxOutput | undefined): Uint8Array {
  const tx: Tx = {
    version: 1,
    inputs: [
      {
        txid: NO_TXID,
        vout: COINBASE_VOUT,
        unlockingScript: new ByteWriter(5).u8(4).u32(height).finish(),
        sequence: SEQUENCE_FINAL,
      },
    ],
    outputs: [output ?? NOTHING],
    lockTime: 0,
  };
  return serialiseTransaction(tx);
}

/** Txids in the order and byte order in which the Merkle tree hashes them. */
export function hashOrder(txids: readonly Txid[]): Uint8Array[] {
  return txids.map((txid) => fromHex(txid).toReversed());
}

/** A header over these transactions that meets the target: two tries on average. */
export function mineHeader(input: {
  readonly previous: Uint8Array | undefined;
  readonly txids: readonly Txid[];
  readonly timeSeconds: number;
}): Uint8Array {
  const base: BlockHeader = {
    version: BLOCK_VERSION,
    previousHash: input.previous === undefined ? new Uint8Array(32) : sha256d(input.previous, sha256),
    merkleRoot: merkleRoot(hashOrder(input.txids), sha256),
    time: input.timeSeconds,
    bits: REGTEST_BITS,
    nonce: 0,
  };
  for (let nonce = 0; ; nonce++) {
    const header = encodeHeader({ ...base, nonce });
    if (meetsTarget(header, sha256)) return header;
  }
}

/** Asserts that a stored block is a valid successor; `previous` is undefined for the first. */
export function assertFollows(
  header: Uint8Array,
  txids: readonly Txid[],
  previous: Uint8Array | undefined,
): void {
  const { previousHash, merkleRoot: root, bits, time } = decodeHeader(header);
  assert(bits === REGTEST_BITS && meetsTarget(header, sha256), 'a block lacks its proof of work');
  assert(equalBytes(root, merkleRoot(hashOrder(txids), sha256)), 'a header has another Merkle root');
  const parent = previous === undefined ? new Uint8Array(32) : sha256d(previous, sha256);
  assert(equalBytes(previousHash, parent), 'a block does not follow the one before');
  assert(previous === undefined || time >= decodeHeader(previous).time, 'a block is older than its parent');
}
