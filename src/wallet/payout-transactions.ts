/**
 * Payout transactions with the SDK's `Transaction` and a native signer. The SDK is never asked for a fee or for
 * change (it would give a surplus to the last payee): all amounts are ours, and the signed bytes are parsed again
 * and checked against the request before anybody sees them. Runs in a worker: nothing here touches I/O.
 */
import { LockingScript, Transaction, UnlockingScript } from '@bsv/sdk';
import { assert } from '../core/assert.ts';
import { accountOfPublicKey } from '../core/account-key.ts';
import { equalBytes } from '../core/bytes.ts';
import { refuse } from '../core/errors.ts';
import { feeBounds } from '../core/fees.ts';
import type { Txid } from '../core/ids.ts';
import { createSighasher, p2pkhUnlockingScript } from '../core/sighash.ts';
import {
  type ExtendedTx,
  SEQUENCE_FINAL,
  p2pkhScript,
  parseExtended,
  serialiseTransaction,
  txidOf,
} from '../core/transaction.ts';
import { ripemd160, sha256 } from '../platform/hash.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import type { PayoutRequest, PayoutResult, PayoutTransaction } from '../ports/payouts.ts';
import { type Funding, fundParts } from './coin-selection.ts';

/** The key that the treasury's coins pay to. */
class TreasurySigner {
  readonly #privateKey: Uint8Array;
  readonly #publicKey: Uint8Array;
  /** Locking script of coins and change. */
  readonly script: Uint8Array;

  constructor(privateKey: Uint8Array) {
    this.#privateKey = privateKey;
    this.#publicKey = nativeSignatures.publicKey(privateKey);
    this.script = p2pkhScript(accountOfPublicKey(this.#publicKey, { sha256, ripemd160 }));
  }

  unlock(digest: Uint8Array): UnlockingScript {
    const signature = nativeSignatures.sign(digest, this.#privateKey);
    return UnlockingScript.fromBinary([...p2pkhUnlockingScript(signature, this.#publicKey)]);
  }
}

/** INSUFFICIENT_FUNDS when the coins do not cover payees, fees and a little change for every part. */
export async function buildPayoutTransactions(
  request: PayoutRequest,
  privateKey: Uint8Array,
): Promise<PayoutResult> {
  const fundings = fundParts(request);
  if (fundings === undefined) return refuse('INSUFFICIENT_FUNDS');
  const signer = new TreasurySigner(privateKey);
  const transactions: PayoutTransaction[] = [];
  for (const funding of fundings) transactions.push(await build(funding, signer, request.feeSatsPerKb));
  return { ok: true, transactions };
}

async function build(
  funding: Funding,
  signer: TreasurySigner,
  feeSatsPerKb: number,
): Promise<PayoutTransaction> {
  const tx = unsigned(funding, signer);
  assertBalance(tx, funding);
  const digest = createSighasher(viewOf(tx, funding, signer), sha256);
  for (const input of tx.inputs) {
    input.unlockingScriptTemplate = {
      sign: async (_, index) => signer.unlock(digest(index)),
      estimateLength: async () => 107,
    };
  }
  await tx.sign();
  const ef = Uint8Array.from(tx.toEF());
  const txid = checkSigned(ef, funding, signer, feeSatsPerKb);
  const firstChange = 1 + funding.part.payees.length;
  return {
    txid,
    ef,
    feeSats: funding.feeSats,
    spends: funding.spends,
    change: funding.changeSats.map((sats, no) => ({ txid, vout: firstChange + no, sats })),
  };
}

function outputsOf(funding: Funding, signer: TreasurySigner): ExtendedTx['outputs'] {
  return [
    { sats: 0, lockingScript: funding.part.dataScript },
    ...funding.part.payees.map(({ account, sats }) => ({ sats, lockingScript: p2pkhScript(account) })),
    ...funding.changeSats.map((sats) => ({ sats, lockingScript: signer.script })),
  ];
}

function unsigned(funding: Funding, signer: TreasurySigner): Transaction {
  const tx = new Transaction(1, [], [], 0);
  const treasuryScript = LockingScript.fromBinary([...signer.script]);
  for (const { txid, vout, sats } of funding.spends) {
    // All that Extended Format and the signature need of the source is this output.
    const source = new Transaction();
    source.outputs[vout] = { satoshis: sats, lockingScript: treasuryScript };
    tx.addInput({
      sourceTXID: txid,
      sourceTransaction: source,
      sourceOutputIndex: vout,
      sequence: SEQUENCE_FINAL,
    });
  }
  for (const { sats, lockingScript } of outputsOf(funding, signer)) {
    tx.addOutput({ satoshis: sats, lockingScript: LockingScript.fromBinary([...lockingScript]) });
  }
  return tx;
}

/** The same transaction as our own layout has it, for the digests. */
function viewOf(tx: Transaction, funding: Funding, signer: TreasurySigner): ExtendedTx {
  return {
    version: tx.version,
    inputs: funding.spends.map(({ txid, vout, sats }) => ({
      txid,
      vout,
      unlockingScript: new Uint8Array(),
      sequence: SEQUENCE_FINAL,
      sourceSats: sats,
      sourceScript: signer.script,
    })),
    outputs: outputsOf(funding, signer),
    lockTime: tx.lockTime,
  };
}

/** Before anything is signed: what goes in less what goes out is the fee, to the sat. */
function assertBalance(tx: Transaction, funding: Funding): void {
  const inputSats = funding.spends.reduce((sum, coin) => sum + coin.sats, 0);
  const outputSats = tx.outputs.reduce((sum, output) => sum + (output.satoshis ?? Number.NaN), 0);
  assert(inputSats - outputSats === funding.feeSats && funding.feeSats > 0, 'inputs - outputs is the fee');
}

/** Parses the signed bytes and asserts that they say what was asked for; the txid. */
function checkSigned(ef: Uint8Array, funding: Funding, signer: TreasurySigner, feeSatsPerKb: number): Txid {
  const parsed = parseExtended(ef);
  assert(parsed !== undefined, 'the SDK writes Extended Format');
  const raw = serialiseTransaction(parsed);
  const wanted = outputsOf(funding, signer);
  assert(parsed.outputs.length === wanted.length, 'every output is there and no other');
  for (const [vout, output] of parsed.outputs.entries()) {
    const want = wanted[vout];
    const same = output.sats === want?.sats && equalBytes(output.lockingScript, want.lockingScript);
    assert(same, `output ${vout} is what was asked for`);
  }
  const bounds = feeBounds(raw.length, parsed.inputs.length, feeSatsPerKb);
  const within = bounds.minSats <= funding.feeSats && funding.feeSats <= bounds.maxSats;
  assert(within, `a fee of ${funding.feeSats} sats is not within ${bounds.minSats} and ${bounds.maxSats}`);
  return txidOf(raw, sha256);
}
