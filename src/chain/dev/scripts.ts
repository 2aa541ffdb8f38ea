/**
 * Whether every input unlocks what it spends, by the SDK's interpreter (`Spend`, strict for version 1). The
 * one shape of P2PKH that this project makes is verified natively first, a hundred times faster; a yes there
 * implies a yes of the interpreter (scripts.prop.test.ts), and anything but a yes is left to it.
 */
import { LockingScript, Spend, UnlockingScript } from '@bsv/sdk';
import { accountOfPublicKey } from '../../core/account-key.ts';
import { createSighasher, parseP2pkhUnlocking } from '../../core/sighash.ts';
import { type ExtendedTx, accountOfP2pkh } from '../../core/transaction.ts';
import { ripemd160, sha256 } from '../../platform/hash.ts';
import { nativeSignatures } from '../../platform/signatures.ts';
import { type Refused, refused } from './verdict.ts';

/** Bound on what a hostile script may make the interpreter keep. */
const SCRIPT_MEMORY_BYTES_MAX = 10_000_000;

export function checkScripts(tx: ExtendedTx): Refused | undefined {
  const digest = createSighasher(tx, sha256);
  for (const index of tx.inputs.keys()) {
    if (unlocksP2pkh(tx, index, digest)) continue;
    const problem = interpret(tx, index);
    if (problem !== undefined) return refused('unlocking', `input ${index}: ${problem}`);
  }
  return undefined;
}

/** True only for a canonical P2PKH unlocking script whose signature and key are right. */
export function unlocksP2pkh(
  tx: ExtendedTx,
  index: number,
  digest: (inputIndex: number) => Uint8Array,
): boolean {
  const input = tx.inputs[index];
  const account = input && accountOfP2pkh(input.sourceScript);
  const unlocking = input && parseP2pkhUnlocking(input.unlockingScript);
  if (account === undefined || unlocking === undefined) return false;
  if (accountOfPublicKey(unlocking.publicKey, { sha256, ripemd160 }) !== account) return false;
  return nativeSignatures.verify(digest(index), unlocking.signature, unlocking.publicKey);
}

/** Runs the interpreter; the problem in words, or undefined when the input may spend. */
export function interpret(tx: ExtendedTx, index: number): string | undefined {
  const input = tx.inputs[index];
  if (input === undefined) return 'no such input';
  try {
    const spend = new Spend({
      sourceTXID: input.txid,
      sourceOutputIndex: input.vout,
      sourceSatoshis: input.sourceSats,
      lockingScript: LockingScript.fromBinary([...input.sourceScript]),
      transactionVersion: tx.version,
      otherInputs: tx.inputs
        .filter((_, i) => i !== index)
        .map((other) => ({
          sourceTXID: other.txid,
          sourceOutputIndex: other.vout,
          sequence: other.sequence,
        })),
      outputs: tx.outputs.map((output) => ({
        satoshis: output.sats,
        lockingScript: LockingScript.fromBinary([...output.lockingScript]),
      })),
      inputIndex: index,
      unlockingScript: UnlockingScript.fromBinary([...input.unlockingScript]),
      inputSequence: input.sequence,
      lockTime: tx.lockTime,
      memoryLimit: SCRIPT_MEMORY_BYTES_MAX,
    });
    return spend.validate() ? undefined : 'the script ends with false';
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : String(error);
  }
}
