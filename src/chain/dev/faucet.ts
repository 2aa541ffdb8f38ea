/**
 * Coins for nothing. All money of the dev chain is made in its first block: the coinbase gives it to the
 * faucet, and a second transaction there splits it. Faucet coins therefore never come from a coinbase, whose
 * Merkle path the SDK would refuse. Miner fees go to the faucet's account too, so the supply never changes.
 */
import { accountOfPublicKey } from '../../core/account-key.ts';
import { assert } from '../../core/assert.ts';
import type { AccountId, Txid } from '../../core/ids.ts';
import { createSighasher, p2pkhUnlockingScript } from '../../core/sighash.ts';
import {
  type ExtendedInput,
  type ExtendedTx,
  type TxOutput,
  SEQUENCE_FINAL,
  p2pkhScript,
  serialiseTransaction,
} from '../../core/transaction.ts';
import { ripemd160, sha256 } from '../../platform/hash.ts';
import { nativeSignatures } from '../../platform/signatures.ts';
import { feeSatsMin, sum } from './static-rules.ts';

const COINS = 64;
const COIN_SATS = 2_000_000_000_000;
export const GENESIS_SATS: number = COINS * COIN_SATS;
/** Outputs of one funding transaction. */
export const FUND_OUTPUTS_MAX = 1_000;

export interface FaucetCoin {
  readonly txid: Txid;
  readonly vout: number;
  readonly sats: number;
}

export class FaucetWallet {
  readonly #privateKey: Uint8Array;
  readonly #publicKey: Uint8Array;
  readonly account: AccountId;
  readonly script: Uint8Array;

  constructor(privateKey: Uint8Array) {
    this.#privateKey = privateKey;
    this.#publicKey = nativeSignatures.publicKey(privateKey);
    this.account = accountOfPublicKey(this.#publicKey, { sha256, ripemd160 });
    this.script = p2pkhScript(this.account);
  }

  /** The transaction of the first block that splits its coinbase. No fee: it is not submitted. */
  split(coinbaseTxid: Txid): ExtendedTx {
    const outputs = Array.from({ length: COINS }, () => ({ sats: COIN_SATS, lockingScript: this.script }));
    return this.#sign([{ txid: coinbaseTxid, vout: 0, sats: GENESIS_SATS }], outputs);
  }

  /** Pays `amounts` to `account` from `coins`; change comes back. The coins must cover it. */
  pay(coins: readonly FaucetCoin[], account: AccountId, amounts: readonly number[]): ExtendedTx {
    const lockingScript = p2pkhScript(account);
    const paid = amounts.map((sats) => ({ sats, lockingScript }));
    const withChange = (sats: number): ExtendedTx =>
      this.#sign(coins, [...paid, { sats, lockingScript: this.script }]);
    const inputSats = sum(coins.map((coin) => coin.sats));
    const probe = serialiseTransaction(withChange(inputSats - sum(amounts))).length;
    // A signature may be a byte or two longer than the probe's.
    const feeSats = feeSatsMin(probe + 2 * coins.length);
    const changeSats = inputSats - sum(amounts) - feeSats;
    assert(changeSats > 0, 'the faucet coins cover the payment');
    return withChange(changeSats);
  }

  #sign(coins: readonly FaucetCoin[], outputs: readonly TxOutput[]): ExtendedTx {
    const inputs: ExtendedInput[] = coins.map((coin) => ({
      txid: coin.txid,
      vout: coin.vout,
      unlockingScript: new Uint8Array(),
      sequence: SEQUENCE_FINAL,
      sourceSats: coin.sats,
      sourceScript: this.script,
    }));
    const tx: ExtendedTx = { version: 1, inputs, outputs, lockTime: 0 };
    const digest = createSighasher(tx, sha256);
    const signed = inputs.map((input, index) => {
      const signature = nativeSignatures.sign(digest(index), this.#privateKey);
      return { ...input, unlockingScript: p2pkhUnlockingScript(signature, this.#publicKey) };
    });
    return { ...tx, inputs: signed };
  }
}
