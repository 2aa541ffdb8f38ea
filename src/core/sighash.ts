/**
 * What an input of a transaction signs with SIGHASH_ALL | SIGHASH_FORKID (BIP-143 layout): everything but the
 * unlocking scripts, and the amount it spends. Receipts rely on that: the signature proves the amount. Also
 * the one shape of P2PKH unlocking script that this project makes.
 */
import { ByteWriter, type Sha256 } from './bytes.ts';
import { type ExtendedTx, sha256d, writeOutput, writeTxid, writeVarint } from './transaction.ts';

/** SIGHASH_ALL | SIGHASH_FORKID */
export const SIGHASH_ALL_FORKID = 0x41;

/** Digest of any input of `tx`; what is common to all inputs is hashed once. Each is 32 bytes, for ECDSA. */
export function createSighasher(tx: ExtendedTx, sha256: Sha256): (inputIndex: number) => Uint8Array {
  const prevouts = new ByteWriter(36 * tx.inputs.length);
  const sequences = new ByteWriter(4 * tx.inputs.length);
  for (const input of tx.inputs) {
    writeTxid(prevouts, input.txid);
    prevouts.u32(input.vout);
    sequences.u32(input.sequence);
  }
  const outputs = new ByteWriter(34 * tx.outputs.length);
  for (const output of tx.outputs) writeOutput(outputs, output);
  const hashPrevouts = sha256d(prevouts.finish(), sha256);
  const hashSequences = sha256d(sequences.finish(), sha256);
  const hashOutputs = sha256d(outputs.finish(), sha256);
  return (inputIndex) => {
    const input = tx.inputs[inputIndex];
    if (input === undefined) throw new RangeError(`no input ${inputIndex}`);
    const writer = new ByteWriter(256).u32(tx.version).bytes(hashPrevouts).bytes(hashSequences);
    writeTxid(writer, input.txid);
    writer.u32(input.vout);
    writeVarint(writer, input.sourceScript.length);
    writer.bytes(input.sourceScript).u64(input.sourceSats).u32(input.sequence);
    writer.bytes(hashOutputs).u32(tx.lockTime).u32(SIGHASH_ALL_FORKID);
    return sha256d(writer.finish(), sha256);
  };
}

/** <DER signature with sighash byte> <compressed key>, from r || s. */
export function p2pkhUnlockingScript(signature: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const der = [...derInteger(signature.subarray(0, 32)), ...derInteger(signature.subarray(32, 64))];
  const push = [0x30, der.length, ...der, SIGHASH_ALL_FORKID];
  return Uint8Array.from([push.length, ...push, publicKey.length, ...publicKey]);
}

/** The inverse, strictly: undefined unless it is byte for byte what `p2pkhUnlockingScript` makes. */
export function parseP2pkhUnlocking(
  script: Uint8Array,
): { readonly signature: Uint8Array; readonly publicKey: Uint8Array } | undefined {
  const rLength = script[4] ?? 0;
  const sLength = script[6 + rLength] ?? 0;
  if (rLength < 1 || rLength > 33 || sLength < 1 || sLength > 33) return undefined;
  const signature = new Uint8Array(64);
  const r = script.subarray(5, 5 + rLength).subarray(Math.max(0, rLength - 32));
  const s = script.subarray(7 + rLength, 7 + rLength + sLength).subarray(Math.max(0, sLength - 32));
  signature.set(r, 32 - r.length);
  signature.set(s, 64 - s.length);
  const publicKey = script.slice(-33);
  const again = p2pkhUnlockingScript(signature, publicKey);
  if (again.length !== script.length || again.some((byte, i) => byte !== script[i])) return undefined;
  return { signature, publicKey };
}

/** Tag, length and the shortest two's complement of a non-negative number. */
function derInteger(bytes: Uint8Array): number[] {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = [...bytes.subarray(start)];
  if ((digits[0] ?? 0) >= 0x80) digits.unshift(0);
  return [0x02, digits.length, ...digits];
}
