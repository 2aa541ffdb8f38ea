/** The transactions of a receipt: that they are whole, say what was committed, pay whom they should, and no more. */
import { accountOfPublicKey } from '../../core/account-key.ts';
import { equalBytes, fromHex } from '../../core/bytes.ts';
import { feeBounds } from '../../core/fees.ts';
import type { AccountId } from '../../core/ids.ts';
import { createSighasher, parseP2pkhUnlocking } from '../../core/sighash.ts';
import {
  type ExtendedTx,
  accountOfP2pkh,
  p2pkhScript,
  parseExtended,
  serialiseTransaction,
  txidOf,
} from '../../core/transaction.ts';
import type { PayoutPart } from '../../ports/payouts.ts';
import type { ReceiptTransaction } from '../receipt.ts';
import type { VerifyTools } from './check.ts';

export interface ReadTransaction {
  readonly stated: ReceiptTransaction;
  readonly tx: ExtendedTx;
  readonly rawBytes: number;
}

/** Undefined when the bytes are no transaction, or not the one that is named. */
export function readTransaction(
  stated: ReceiptTransaction,
  sha256: VerifyTools['sha256'],
): ReadTransaction | undefined {
  const tx = parseExtended(fromHex(stated.ef));
  if (tx === undefined) return undefined;
  const raw = serialiseTransaction(tx);
  return txidOf(raw, sha256) === stated.txid ? { stated, tx, rawBytes: raw.length } : undefined;
}

export function dataOutputProblem({ tx }: ReadTransaction, part: PayoutPart): string | undefined {
  const [output] = tx.outputs;
  const same = output?.sats === 0 && equalBytes(output.lockingScript, part.dataScript);
  return same ? undefined : 'output 0 does not carry the commitment and root of this receipt';
}

export function payeeOutputProblem({ tx }: ReadTransaction, part: PayoutPart): string | undefined {
  for (const [index, { account, sats }] of part.payees.entries()) {
    const output = tx.outputs[1 + index];
    const pays = output?.sats === sats && equalBytes(output.lockingScript, p2pkhScript(account));
    if (!pays) return `output ${1 + index} does not pay ${sats} sats to ${account}`;
  }
  return undefined;
}

/** Each input is signed, amount included, by the key it pays to; all by one: the treasury's. */
export function inputProblem({ tx }: ReadTransaction, tools: VerifyTools): string | undefined {
  const digest = createSighasher(tx, tools.sha256);
  const treasury = treasuryOf(tx);
  for (const [index, input] of tx.inputs.entries()) {
    const unlocking = parseP2pkhUnlocking(input.unlockingScript);
    const account = accountOfP2pkh(input.sourceScript);
    if (unlocking === undefined || account === undefined || account !== treasury) {
      return `input ${index} is not a coin of the treasury`;
    }
    const owned = accountOfPublicKey(unlocking.publicKey, tools) === account;
    if (!owned || !tools.verifySignature(digest(index), unlocking.signature, unlocking.publicKey)) {
      return `input ${index} is not signed by its owner`;
    }
  }
  return tx.inputs.length > 0 ? undefined : 'there are no inputs';
}

/** Whatever is left after the payees goes back to the treasury. */
export function changeProblem({ tx }: ReadTransaction, part: PayoutPart): string | undefined {
  const treasury = treasuryOf(tx);
  for (const [index, output] of tx.outputs.slice(1 + part.payees.length).entries()) {
    if (accountOfP2pkh(output.lockingScript) !== treasury) {
      return `output ${1 + part.payees.length + index} is neither a payee's nor the treasury's`;
    }
  }
  return undefined;
}

export function feeProblem(
  { tx, stated, rawBytes }: ReadTransaction,
  feeSatsPerKb: number,
): string | undefined {
  const inputSats = tx.inputs.reduce((sum, input) => sum + input.sourceSats, 0);
  const feeSats = inputSats - tx.outputs.reduce((sum, output) => sum + output.sats, 0);
  if (feeSats !== stated.feeSats) return `the fee is ${feeSats} sats, not ${stated.feeSats}`;
  const { minSats, maxSats } = feeBounds(rawBytes, tx.inputs.length, feeSatsPerKb);
  const within = minSats <= feeSats && feeSats <= maxSats;
  return within ? undefined : `a fee of ${feeSats} sats is not from ${minSats} to ${maxSats}`;
}

function treasuryOf(tx: ExtendedTx): AccountId | undefined {
  const [first] = tx.inputs;
  return first && accountOfP2pkh(first.sourceScript);
}
