/** What only the chain can say about a transaction: whether its coins exist, are unspent and are what it claims. */
import { equalBytes } from '../../core/bytes.ts';
import type { Txid } from '../../core/ids.ts';
import {
  type ExtendedInput,
  type ExtendedTx,
  type TxOutput,
  parseTransaction,
} from '../../core/transaction.ts';
import { type LedgerFile, outpointOf } from './ledger-file.ts';
import { type Refused, refused } from './verdict.ts';

/** Blocks before the output of a coinbase may be spent. */
const COINBASE_MATURITY = 100;

/** Runs inside an LMDB transaction. `height` is that of the next block. */
export function checkSpends(file: LedgerFile, tx: ExtendedTx, height: number): Refused | undefined {
  const sources = new Map<Txid, readonly TxOutput[] | undefined>();
  for (const input of tx.inputs) {
    if (!sources.has(input.txid)) sources.set(input.txid, outputsOf(file, input.txid));
    const source = sources.get(input.txid)?.[input.vout];
    const problem = checkSpend(file, input, source) ?? checkMature(file, input, height);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkSpend(
  file: LedgerFile,
  input: ExtendedInput,
  source: TxOutput | undefined,
): Refused | undefined {
  const outpoint = outpointOf(input.txid, input.vout);
  if (source === undefined) return refused('inputs', `${outpoint} does not exist`);
  const spender = file.spent.get(outpoint);
  if (spender !== undefined) return refused('conflict', `${outpoint} was spent by ${spender}`);
  if (source.sats !== input.sourceSats) {
    return refused('inputs', `${outpoint} is worth ${source.sats} sats, not ${input.sourceSats}`);
  }
  if (!equalBytes(source.lockingScript, input.sourceScript)) {
    return refused('inputs', `${outpoint} has another locking script`);
  }
  return undefined;
}

function checkMature(file: LedgerFile, input: ExtendedInput, height: number): Refused | undefined {
  const place = file.places.get(input.txid);
  if (place === undefined || place[1] !== 0 || place[0] + COINBASE_MATURITY <= height) return undefined;
  return refused('inputs', `the coinbase of block ${place[0]} is not mature`);
}

function outputsOf(file: LedgerFile, txid: Txid): readonly TxOutput[] | undefined {
  const raw = file.transactions.get(txid);
  return raw && parseTransaction(raw)?.outputs;
}
