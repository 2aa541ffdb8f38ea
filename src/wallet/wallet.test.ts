import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { P2PKH, PrivateKey, Spend } from '@bsv/sdk';
import { assert as property, array, integer, property as forAll } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { feeBounds } from '../core/fees.ts';
import { toHex } from '../core/bytes.ts';
import type { AccountId, Txid } from '../core/ids.ts';
import { accountOfP2pkh, parseExtended, serialiseTransaction } from '../core/transaction.ts';
import { systemRandom } from '../platform/random.ts';
import type { PayoutRequest, PayoutTransaction, TreasuryCoin } from '../ports/payouts.ts';
import { decodeAddress, encodeAddress } from './address.ts';
import { fundParts } from './coin-selection.ts';
import { loadOrCreateTreasuryKey, treasuryKeyOf } from './keys.ts';
import { buildPayoutTransactions } from './payout-transactions.ts';

const KEY = new Uint8Array(32).fill(11);
const DATA = Uint8Array.of(0, 0x6a, 1, 9);
const account = (no: number): AccountId => no.toString(16).padStart(40, '0') as AccountId;
const coin = (no: number, sats: number): TreasuryCoin => ({
  txid: no.toString(16).padStart(64, '0') as Txid,
  vout: no % 3,
  sats,
});

const total = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

async function built(request: PayoutRequest): Promise<readonly PayoutTransaction[]> {
  const result = await buildPayoutTransactions(request, KEY);
  if (!result.ok) throw new Error(result.code);
  return result.transactions;
}

describe('buildPayoutTransactions', () => {
  it('pays everybody to the sat, returns change, and the interpreter accepts every input', async () => {
    const parts = [3, 40].map((count) => ({
      dataScript: DATA,
      payees: Array.from({ length: count }, (_, i) => ({ account: account(i + 1), sats: 546 + i })),
    }));
    const coins = [60_000, 50_000, 9_000, 8_000].map((sats, no) => coin(no + 1, sats));
    const transactions = await built({ parts, coins, feeSatsPerKb: 100, coinsWanted: 4 });
    expect(transactions).toHaveLength(2);
    for (const [no, { ef, feeSats, spends, change, txid }] of transactions.entries()) {
      const tx = parseExtended(ef);
      if (tx === undefined) throw new Error('not Extended Format');
      expect(tx.outputs[0]).toEqual({ sats: 0, lockingScript: DATA });
      const payees = parts[no]?.payees ?? [];
      expect(
        tx.outputs.slice(1, 1 + payees.length).map((o) => [accountOfP2pkh(o.lockingScript), o.sats]),
      ).toEqual(payees.map((payee) => [payee.account, payee.sats]));
      const back = tx.outputs.slice(1 + payees.length);
      expect(back.map((o) => accountOfP2pkh(o.lockingScript))).toEqual(
        back.map(() => treasuryKeyOf(KEY).account),
      );
      expect(change.map((each) => each.sats)).toEqual(back.map((o) => o.sats));
      const inputSats = spends.reduce((sum, each) => sum + each.sats, 0);
      expect(inputSats - tx.outputs.reduce((sum, o) => sum + o.sats, 0)).toBe(feeSats);
      const bounds = feeBounds(serialiseTransaction(tx).length, tx.inputs.length, 100);
      expect(feeSats).toBeGreaterThanOrEqual(bounds.minSats);
      expect(feeSats).toBeLessThanOrEqual(bounds.maxSats);
      expect(change.every((each) => each.txid === txid)).toBe(true);
    }
  });

  it('makes the same bytes again for the same request', async () => {
    const request: PayoutRequest = {
      parts: [{ dataScript: DATA, payees: [{ account: account(7), sats: 1_000 }] }],
      coins: [coin(1, 500_000)],
      feeSatsPerKb: 100,
      coinsWanted: 8,
    };
    const [first, second] = [await built(request), await built(request)];
    expect(toHex(first[0]?.ef ?? new Uint8Array())).toBe(toHex(second[0]?.ef ?? new Uint8Array()));
  });

  it('splits change while coins are few, and not when there are enough', async () => {
    const parts = [{ dataScript: DATA, payees: [{ account: account(7), sats: 1_000 }] }];
    const request = { parts, coins: [coin(1, 5_000_000)], feeSatsPerKb: 100 };
    for (const [coinsWanted, coins] of [
      [5, 5],
      [50, 8],
      [1, 1],
    ] as const) {
      expect((await built({ ...request, coinsWanted }))[0]?.change).toHaveLength(coins);
    }
  });

  it('refuses when the coins do not cover payees and fees', async () => {
    const request: PayoutRequest = {
      parts: [{ dataScript: DATA, payees: [{ account: account(7), sats: 1_000 }] }],
      coins: [coin(1, 900), coin(2, 400)],
      feeSatsPerKb: 100,
      coinsWanted: 1,
    };
    expect(await buildPayoutTransactions(request, KEY)).toEqual({ ok: false, code: 'INSUFFICIENT_FUNDS' });
  });

  it('is accepted by the strict interpreter of the SDK', async () => {
    const key = PrivateKey.fromHex(toHex(KEY));
    const lockingScript = new P2PKH().lock(key.toAddress());
    const [made] = await built({
      parts: [{ dataScript: DATA, payees: [{ account: account(7), sats: 1_000 }] }],
      coins: [coin(1, 50_000)],
      feeSatsPerKb: 100,
      coinsWanted: 1,
    });
    const { Transaction } = await import('@bsv/sdk');
    const tx = Transaction.fromEF([...(made?.ef ?? [])]);
    const [input] = tx.inputs;
    if (input?.unlockingScript === undefined) throw new Error('not signed');
    const spend = new Spend({
      sourceTXID: coin(1, 0).txid,
      sourceOutputIndex: 1,
      sourceSatoshis: 50_000,
      lockingScript,
      transactionVersion: 1,
      otherInputs: [],
      outputs: tx.outputs,
      inputIndex: 0,
      unlockingScript: input.unlockingScript,
      inputSequence: 0xffffffff,
      lockTime: 0,
    });
    expect(spend.validate()).toBe(true);
  });
});

describe('fundParts', () => {
  it('never spends a coin twice and never loses a sat, whatever coins and payees', () => {
    const amounts = array(integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 6 });
    property(
      forAll(amounts, amounts, integer({ min: 1, max: 12 }), (coinSats, paySats, coinsWanted) => {
        const coins = coinSats.toSorted((a, b) => b - a).map((sats, no) => coin(no, sats));
        const parts = paySats.map((sats) => ({ dataScript: DATA, payees: [{ account: account(1), sats }] }));
        const fundings = fundParts({ parts, coins, feeSatsPerKb: 100, coinsWanted });
        if (fundings === undefined) return;
        const spent = fundings.flatMap((funding) => funding.spends);
        expect(new Set(spent).size).toBe(spent.length);
        for (const { part, spends, changeSats, feeSats } of fundings) {
          const out = total(part.payees.map((payee) => payee.sats)) + total(changeSats) + feeSats;
          expect(total(spends.map((each) => each.sats))).toBe(out);
          expect(Math.min(...changeSats)).toBeGreaterThanOrEqual(1_000);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('addresses', () => {
  it('are what the SDK makes, per network, and decode only on theirs', () => {
    const key = PrivateKey.fromHex(toHex(KEY));
    const { account: own } = treasuryKeyOf(KEY);
    expect(encodeAddress(own, 'main')).toBe(key.toAddress());
    expect(encodeAddress(own, 'test')).toBe(key.toAddress('testnet'));
    expect(decodeAddress(encodeAddress(own, 'main'), 'main')).toBe(own);
    expect(decodeAddress(encodeAddress(own, 'main'), 'dev')).toBeUndefined();
    for (const wrong of ['', 'x', '1111', `${key.toAddress()}1`, key.toAddress().replace('1', '2')]) {
      expect(decodeAddress(wrong, 'main')).toBeUndefined();
    }
  });
});

describe('the treasury key', () => {
  it('is made once, readable by its owner only, and the same afterwards', async () => {
    const path = await mkdtemp(join(tmpdir(), 'key-'));
    const file = join(path, 'data', 'treasury.key');
    const first = await loadOrCreateTreasuryKey(file, systemRandom);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await loadOrCreateTreasuryKey(file, systemRandom)).toEqual(first);
    expect((await readFile(file, 'utf8')).trim()).toBe(toHex(first.privateKey));
    await chmod(file, 0o640);
    await expect(loadOrCreateTreasuryKey(file, systemRandom)).rejects.toThrow('read by others');
    await chmod(file, 0o600);
    await writeFile(file, 'not a key\n');
    await expect(loadOrCreateTreasuryKey(file, systemRandom)).rejects.toThrow('does not hold');
    await rm(path, { recursive: true });
  });
});
