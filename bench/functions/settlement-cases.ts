/** The parts of a settlement that compute: tree, transactions, the whole job of the build thread. */
import { hash } from 'node:crypto';
import { P2PKH, PrivateKey, Transaction } from '@bsv/sdk';
import { assert } from '../../src/core/assert.ts';
import { fromHex, toHex } from '../../src/core/bytes.ts';
import type { Txid } from '../../src/core/ids.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { sats } from '../../src/core/sats.ts';
import { sha256 } from '../../src/platform/hash.ts';
import type { PayoutRequest, PayoutResult, TreasuryCoin } from '../../src/ports/payouts.ts';
import { accountNo } from '../../src/round/test-driver.ts';
import { type BuildRequest, buildSettlement } from '../../src/settlement/build-jobs.ts';
import { leavesOf } from '../../src/settlement/draft.ts';
import { encodeLeaf } from '../../src/settlement/leaf-codec.ts';
import { sumRoot } from '../../src/settlement/merkle-sum.ts';
import { encodeStatement } from '../../src/settlement/statement-codec.ts';
import { battle } from '../../src/settlement/testing/battle.ts';
import { buildPayoutTransactions } from '../../src/wallet/payout-transactions.ts';
import type { Case } from './case.ts';

const VIEWERS = 2_000;
const OUTPUTS = LIMITS.outputsPerTransactionMax;
const FEE_SATS_PER_KB = 100;
const KEY = new Uint8Array(32).fill(21);
const COIN: TreasuryCoin = { txid: '11'.repeat(32) as Txid, vout: 0, sats: 100_000_000 };
/** What a node of the tree hashes. */
const NODE_BYTES = 81;

export const settlementCases: readonly Case[] = [
  {
    name: 'merkle-sum-2000',
    what: 'The Merkle-sum tree over 2,000 streams, their leaves encoded.',
    unit: 'ms',
    operations: 1,
    ours: () => {
      const statement = battle({ roundId: 'one', viewers: VIEWERS });
      return { run: () => sumRoot(leavesOf(statement, sha256), sha256) };
    },
    base: {
      name: "node's crypto.hash over as many leaves and nodes of the same size",
      task: () => {
        const leaves = battle({ roundId: 'one', viewers: VIEWERS }).streams.map(encodeLeaf);
        const node = new Uint8Array(NODE_BYTES);
        return {
          run: () => {
            for (const leaf of leaves) hash('sha256', leaf, 'buffer');
            for (let nodes = leaves.length - 1; nodes > 0; nodes--) hash('sha256', node, 'buffer');
          },
        };
      },
    },
  },
  {
    name: 'payout-build-2000',
    what: 'A payout transaction with 2,000 outputs: funded, built, signed, serialised, parsed again and checked.',
    unit: 'ms',
    operations: 1,
    ours: () => ({
      run: async () => {
        const built = await buildPayouts(payouts());
        assert(built.ok, 'the coin covers it');
        return built.transactions;
      },
    }),
    base: {
      name: '@bsv/sdk with its own signer, built, signed and serialised',
      task: () => ({ run: () => sdkPayout() }),
    },
  },
  {
    name: 'settlement-build-2000',
    what: 'The job of the build thread for a round of 2,000 viewers: statement decoded, planned, hashed, built, signed.',
    unit: 'ms',
    operations: 1,
    ours: () => {
      const request: BuildRequest = {
        statement: encodeStatement(battle({ roundId: 'one', viewers: VIEWERS })),
        carriedIn: [],
        coins: [COIN],
        feeSatsPerKb: FEE_SATS_PER_KB,
        coinsWanted: 8,
      };
      return {
        run: async () => {
          const built = await buildSettlement(request, { sha256, buildPayouts });
          assert(built.ok, 'the coin covers it');
          return built.plan;
        },
      };
    },
  },
];

function payouts(): PayoutRequest {
  const payees = Array.from({ length: OUTPUTS }, (_, no) => ({
    account: accountNo(no + 1),
    sats: sats(1_000),
  }));
  const part = { dataScript: new Uint8Array(100).fill(0x6a), payees };
  return { parts: [part], coins: [COIN], feeSatsPerKb: FEE_SATS_PER_KB, coinsWanted: 1 };
}

async function buildPayouts(request: PayoutRequest): Promise<PayoutResult> {
  return await buildPayoutTransactions(request, KEY);
}

async function sdkPayout(): Promise<Uint8Array> {
  const key = PrivateKey.fromHex(toHex(KEY));
  const script = new P2PKH().lock(key.toAddress());
  const source = new Transaction();
  source.addOutput({ satoshis: COIN.sats, lockingScript: script });
  const tx = new Transaction();
  tx.addInput({
    sourceTransaction: source,
    sourceOutputIndex: 0,
    unlockingScriptTemplate: new P2PKH().unlock(key),
  });
  for (const { account, sats: satoshis } of payouts().parts[0]?.payees ?? []) {
    tx.addOutput({ satoshis, lockingScript: new P2PKH().lock([...fromHex(account)]) });
  }
  tx.addOutput({ satoshis: COIN.sats / 2, lockingScript: script });
  await tx.sign();
  return tx.toEFUint8Array();
}
