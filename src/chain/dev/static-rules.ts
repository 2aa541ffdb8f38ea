/**
 * What can be said about a transaction without knowing the chain: its form, its outputs, its balance and its
 * fee. The amounts it claims to spend are checked against the chain elsewhere (`spend-rules.ts`).
 */
import { type ExtendedTx, SEQUENCE_FINAL, type TxOutput } from '../../core/transaction.ts';
import { SATS_MAX } from '../../core/sats.ts';
import { type Refused, refused } from './verdict.ts';

export const FEE_SATS_PER_KB = 100;
export const TX_BYTES_MAX = 4_000_000;
/** Lock times below this are heights, others seconds since 1970. */
const LOCK_TIME_IS_TIME = 500_000_000;

export function feeSatsMin(rawBytes: number): number {
  return Math.ceil((rawBytes * FEE_SATS_PER_KB) / 1000);
}

/** The first rule that `tx` breaks; `rawBytes` is its size without what the Extended Format adds. */
export function checkStatic(tx: ExtendedTx, rawBytes: number): Refused | undefined {
  if (rawBytes > TX_BYTES_MAX) return refused('size', `${rawBytes} bytes, at most ${TX_BYTES_MAX}`);
  if (tx.version !== 1) return refused('malformed', `version ${tx.version}, only 1 is strict`);
  return checkInputs(tx) ?? checkOutputs(tx.outputs) ?? checkBalance(tx, rawBytes);
}

function checkInputs(tx: ExtendedTx): Refused | undefined {
  if (tx.inputs.length === 0) return refused('inputs', 'there are none');
  const seen = new Set<string>();
  for (const input of tx.inputs) {
    const outpoint = `${input.txid}:${input.vout}`;
    if (seen.has(outpoint)) return refused('inputs', `${outpoint} is spent twice`);
    if (/^0+$/.test(input.txid)) return refused('inputs', 'a coinbase cannot be submitted');
    seen.add(outpoint);
  }
  return undefined;
}

function checkOutputs(outputs: readonly TxOutput[]): Refused | undefined {
  if (outputs.length === 0) return refused('outputs', 'there are none');
  let total = 0;
  for (const [vout, { sats, lockingScript }] of outputs.entries()) {
    const isData = lockingScript[0] === 0x00 && lockingScript[1] === 0x6a;
    if (isData && sats !== 0) return refused('outputs', `${vout} burns ${sats} sats in a data output`);
    if (!isData && sats < 1) return refused('outputs', `${vout} is below the dust limit of 1 sat`);
    total += sats;
    if (total > SATS_MAX) return refused('outputs', 'more sats than can exist');
  }
  return undefined;
}

function checkBalance(tx: ExtendedTx, rawBytes: number): Refused | undefined {
  const inputSats = sum(tx.inputs.map((input) => input.sourceSats));
  const outputSats = sum(tx.outputs.map((output) => output.sats));
  if (inputSats > SATS_MAX) return refused('inputs', 'more sats than can exist');
  if (outputSats > inputSats) return refused('outputs', `${outputSats} sats out of ${inputSats}`);
  const feeSats = inputSats - outputSats;
  const least = feeSatsMin(rawBytes);
  if (feeSats < least) return refused('fee', `${feeSats} sats for ${rawBytes} bytes, at least ${least}`);
  return undefined;
}

/** By what it claims to spend. */
export function feeSatsOf(tx: ExtendedTx): number {
  return sum(tx.inputs.map((input) => input.sourceSats)) - sum(tx.outputs.map((output) => output.sats));
}

/** Whether `tx` may be in the block at `height`, whose predecessor has the time `timeSeconds`. */
export function checkFinal(tx: ExtendedTx, height: number, timeSeconds: number): Refused | undefined {
  if (tx.lockTime === 0 || tx.inputs.every((input) => input.sequence === SEQUENCE_FINAL)) return undefined;
  const reached = tx.lockTime < LOCK_TIME_IS_TIME ? height : timeSeconds;
  return tx.lockTime < reached ? undefined : refused('malformed', `not final: locked until ${tx.lockTime}`);
}

export function sum(amounts: readonly number[]): number {
  let total = 0;
  for (const amount of amounts) total += amount;
  return total;
}
