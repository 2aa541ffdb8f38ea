import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChainTracker, LockingScript, MerklePath, P2PKH, PrivateKey, Transaction } from '@bsv/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountOfPublicKey } from '../core/account-key.ts';
import { decodeHeader, followMerklePath, meetsTarget } from '../core/block.ts';
import { equalBytes, fromHex } from '../core/bytes.ts';
import type { AccountId, Txid } from '../core/ids.ts';
import { createSighasher, p2pkhUnlockingScript } from '../core/sighash.ts';
import {
  type ExtendedInput,
  type ExtendedTx,
  displayHash,
  p2pkhScript,
  serialiseExtended,
  serialiseTransaction,
  sha256d,
  txidOf,
} from '../core/transaction.ts';
import { systemClock } from '../platform/clock.ts';
import { ripemd160, sha256 } from '../platform/hash.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { SubmitOutcome } from '../ports/chain.ts';
import { type DevChain, openDevChain } from './dev-chain.ts';

const KEY = new Uint8Array(32).fill(5);
const PUBLIC_KEY = nativeSignatures.publicKey(KEY);
const ACCOUNT: AccountId = accountOfPublicKey(PUBLIC_KEY, { sha256, ripemd160 });
const MINE = p2pkhScript(ACCOUNT);
const OTHER = p2pkhScript('00'.repeat(20) as AccountId);
const FAUCET_KEY = new Uint8Array(32).fill(6);
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

interface Coin {
  readonly txid: Txid;
  readonly vout: number;
  readonly sats: number;
}

let path: string;
let chain: DevChain;

async function open(clock: Clock = systemClock, blockIntervalMs = 0): Promise<DevChain> {
  const random = { bytes: () => FAUCET_KEY };
  return await openDevChain({ path, clock, random, logger: silent, blockIntervalMs });
}

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'devchain-'));
  chain = await open();
});

afterEach(async () => {
  await chain.close();
  await rm(path, { recursive: true, force: true });
});

async function coin(sats: number): Promise<Coin> {
  const { txid, outputs } = await chain.fund(ACCOUNT, [sats]);
  return { txid, vout: outputs[0]?.vout ?? -1, sats };
}

/** A spend of `coins` with the given outputs; `change` alters it before it is signed. */
function spend(
  coins: readonly Coin[],
  outputs: ExtendedTx['outputs'],
  change: (tx: ExtendedTx) => ExtendedTx = (tx) => tx,
  key = KEY,
): ExtendedTx {
  const inputs: ExtendedInput[] = coins.map((each) => ({
    txid: each.txid,
    vout: each.vout,
    unlockingScript: new Uint8Array(),
    sequence: 0xffffffff,
    sourceSats: each.sats,
    sourceScript: p2pkhScript(accountOfPublicKey(nativeSignatures.publicKey(key), { sha256, ripemd160 })),
  }));
  const tx = change({ version: 1, inputs, outputs, lockTime: 0 });
  const digest = createSighasher(tx, sha256);
  return {
    ...tx,
    inputs: tx.inputs.map((input, index) => ({
      ...input,
      unlockingScript: p2pkhUnlockingScript(
        nativeSignatures.sign(digest(index), key),
        nativeSignatures.publicKey(key),
      ),
    })),
  };
}

function idOf(tx: ExtendedTx): Txid {
  return txidOf(serialiseTransaction(tx), sha256);
}

async function submit(tx: ExtendedTx, txid: Txid = idOf(tx)): Promise<SubmitOutcome> {
  const [outcome] = await chain.submit([{ txid, ef: serialiseExtended(tx) }]);
  if (outcome === undefined) throw new Error('no answer');
  return outcome;
}

async function expectRefused(tx: ExtendedTx, status: string): Promise<void> {
  const outcome = await submit(tx);
  expect(outcome.outcome).toBe('rejected');
  expect(outcome.detail).toContain(status);
  expect(await chain.status(idOf(tx))).toBeUndefined();
}

describe('accepting', () => {
  it('takes a correct payment, once, and says so again when it is sent again', async () => {
    const tx = spend([await coin(10_000)], [{ sats: 9_900, lockingScript: OTHER }]);
    expect(await submit(tx)).toMatchObject({ outcome: 'accepted', detail: '200 SEEN_ON_NETWORK' });
    expect(await submit(tx)).toMatchObject({ outcome: 'accepted', detail: '200 SEEN_ON_NETWORK' });
    await chain.mine();
    expect(await submit(tx)).toMatchObject({ outcome: 'accepted', detail: '200 MINED' });
  });

  it('takes a parent and its child in one submission, in that order only', async () => {
    const parent = spend([await coin(10_000)], [{ sats: 9_900, lockingScript: MINE }]);
    const child = spend(
      [{ txid: idOf(parent), vout: 0, sats: 9_900 }],
      [{ sats: 9_800, lockingScript: OTHER }],
    );
    const pack = (tx: ExtendedTx) => ({ txid: idOf(tx), ef: serialiseExtended(tx) });
    expect((await chain.submit([pack(child), pack(parent)])).map((each) => each.outcome)).toEqual([
      'rejected',
      'accepted',
    ]);
    expect((await chain.submit([pack(parent), pack(child)])).map((each) => each.outcome)).toEqual([
      'accepted',
      'accepted',
    ]);
  });

  it('takes what the SDK builds and signs, and scripts that are not P2PKH', async () => {
    const key = PrivateKey.fromHex(Buffer.from(KEY).toString('hex'));
    const { txid, sats } = await coin(5_000);
    const source = new Transaction();
    source.addOutput({ satoshis: sats, lockingScript: LockingScript.fromBinary([...MINE]) });
    const tx = new Transaction();
    tx.addInput({
      sourceTXID: txid,
      sourceTransaction: source,
      sourceOutputIndex: 0,
      unlockingScriptTemplate: new P2PKH().unlock(key),
    });
    tx.addOutput({ satoshis: 4_900, lockingScript: LockingScript.fromASM('OP_3 OP_ADD OP_5 OP_EQUAL') });
    await tx.sign();
    const id = tx.id('hex') as Txid;
    expect(await chain.submit([{ txid: id, ef: Uint8Array.from(tx.toEF()) }])).toMatchObject([
      { outcome: 'accepted' },
    ]);
    const puzzle = (answer: number): ExtendedTx => ({
      version: 1,
      inputs: [
        {
          txid: id,
          vout: 0,
          unlockingScript: Uint8Array.of(answer),
          sequence: 0xffffffff,
          sourceSats: 4_900,
          sourceScript: fromHex('53935587'),
        },
      ],
      outputs: [{ sats: 4_800, lockingScript: OTHER }],
      lockTime: 0,
    });
    await expectRefused(puzzle(0x53), '461');
    expect((await submit(puzzle(0x52))).outcome).toBe('accepted');
  });
});

describe('refusing', () => {
  it('bytes that are not one transaction in Extended Format', async () => {
    const tx = spend([await coin(10_000)], [{ sats: 9_000, lockingScript: OTHER }]);
    const ef = serialiseExtended(tx);
    const forms = [
      serialiseTransaction(tx),
      ef.subarray(0, ef.length - 1),
      Uint8Array.of(...ef, 0),
      new Uint8Array(),
    ];
    for (const bytes of forms) {
      const [outcome] = await chain.submit([{ txid: idOf(tx), ef: bytes }]);
      expect(outcome).toMatchObject({ outcome: 'rejected' });
      expect(outcome?.detail).toContain('460');
    }
  });

  it('a transaction under another id', async () => {
    const tx = spend([await coin(10_000)], [{ sats: 9_000, lockingScript: OTHER }]);
    expect((await submit(tx, '77'.repeat(32) as Txid)).detail).toContain('463');
  });

  it('any version but 1', async () => {
    const tx = spend([await coin(10_000)], [{ sats: 9_000, lockingScript: OTHER }], (t) => ({
      ...t,
      version: 2,
    }));
    await expectRefused(tx, '463');
  });

  it('no inputs, no outputs, the same input twice, a coinbase', async () => {
    const one = await coin(10_000);
    const out = [{ sats: 9_000, lockingScript: OTHER }];
    await expectRefused(spend([], out), '462');
    await expectRefused(spend([one], []), '464');
    await expectRefused(spend([one, one], out), '462');
    await expectRefused(spend([{ ...one, txid: '00'.repeat(32) as Txid }], out), '462');
  });

  it('coins that do not exist', async () => {
    const one = await coin(10_000);
    const out = [{ sats: 9_000, lockingScript: OTHER }];
    await expectRefused(spend([{ ...one, txid: '12'.repeat(32) as Txid }], out), '462');
    await expectRefused(spend([{ ...one, vout: 7 }], out), '462');
  });

  it('a claim about a coin that is not so: its amount or its script', async () => {
    const one = await coin(10_000);
    await expectRefused(spend([{ ...one, sats: 20_000 }], [{ sats: 15_000, lockingScript: OTHER }]), '462');
    const theirs = new Uint8Array(32).fill(9);
    await expectRefused(spend([one], [{ sats: 9_000, lockingScript: OTHER }], undefined, theirs), '462');
  });

  it('a wrong signature, a signature for something else, and none', async () => {
    const tx = spend([await coin(10_000)], [{ sats: 9_000, lockingScript: OTHER }]);
    const input = tx.inputs[0];
    if (input === undefined) throw new Error('no input');
    await expectRefused({ ...tx, outputs: [{ sats: 9_000, lockingScript: MINE }] }, '461');
    await expectRefused({ ...tx, inputs: [{ ...input, unlockingScript: new Uint8Array() }] }, '461');
    const theirs = new Uint8Array(32).fill(9);
    const foreign = p2pkhUnlockingScript(
      nativeSignatures.sign(createSighasher(tx, sha256)(0), theirs),
      nativeSignatures.publicKey(theirs),
    );
    await expectRefused({ ...tx, inputs: [{ ...input, unlockingScript: foreign }] }, '461');
  });

  it('outputs worth more than the inputs', async () => {
    await expectRefused(spend([await coin(10_000)], [{ sats: 10_001, lockingScript: OTHER }]), '464');
  });

  it('dust, and data outputs that burn money', async () => {
    const one = await coin(10_000);
    const rest = { sats: 9_000, lockingScript: OTHER };
    await expectRefused(spend([one], [rest, { sats: 0, lockingScript: OTHER }]), '464');
    await expectRefused(spend([one], [rest, { sats: 0, lockingScript: Uint8Array.of(0x6a) }]), '464');
    await expectRefused(spend([one], [rest, { sats: 1, lockingScript: Uint8Array.of(0, 0x6a) }]), '464');
    const fine = spend([one], [rest, { sats: 0, lockingScript: Uint8Array.of(0, 0x6a, 1, 7) }]);
    expect((await submit(fine)).outcome).toBe('accepted');
  });

  it('a fee one sat below 100 sats a kilobyte, and not one at it', async () => {
    const one = await coin(10_000);
    // A signature may be a byte shorter from one attempt to the next, so each is held to its own size.
    for (let feeSats = 14; ; feeSats++) {
      const tx = spend([one], [{ sats: 10_000 - feeSats, lockingScript: OTHER }]);
      const leastSats = Math.ceil(serialiseTransaction(tx).length / 10);
      if (feeSats < leastSats) await expectRefused(tx, '465');
      else {
        expect(feeSats).toBe(leastSats);
        expect((await submit(tx)).outcome).toBe('accepted');
        break;
      }
    }
  });

  it('a second spend of a coin, in the mempool and after it was mined', async () => {
    const one = await coin(10_000);
    expect((await submit(spend([one], [{ sats: 9_000, lockingScript: OTHER }]))).outcome).toBe('accepted');
    const second = spend([one], [{ sats: 8_000, lockingScript: MINE }]);
    await expectRefused(second, '466');
    await chain.mine();
    await expectRefused(second, '466');
  });

  it('one of two that spend the same coin in one submission or at the same time', async () => {
    const one = await coin(10_000);
    const [a, b] = [9_000, 8_000].map((sats) => spend([one], [{ sats, lockingScript: OTHER }]));
    if (a === undefined || b === undefined) throw new Error('two are needed');
    const together = await chain.submit([a, b].map((tx) => ({ txid: idOf(tx), ef: serialiseExtended(tx) })));
    expect(together.map((each) => each.outcome)).toEqual(['accepted', 'rejected']);
    const two = await coin(10_000);
    const rivals = [9_000, 8_000].map((sats) => spend([two], [{ sats, lockingScript: OTHER }]));
    const outcomes = await Promise.all(rivals.map(async (tx) => (await submit(tx)).outcome));
    expect(outcomes.toSorted()).toEqual(['accepted', 'rejected']);
  });

  it('a lock time that has not come, unless every input is final', async () => {
    const one = await coin(10_000);
    const out = [{ sats: 9_000, lockingScript: OTHER }];
    const locked = (lockTime: number, sequence: number): ExtendedTx =>
      spend([one], out, (tx) => ({ ...tx, lockTime, inputs: tx.inputs.map((i) => ({ ...i, sequence })) }));
    await expectRefused(locked(1_000, 0), 'not final');
    await expectRefused(locked(4_000_000_000, 0), 'not final');
    await expectRefused(locked((await chain.currentHeight()) + 1, 0), 'not final');
    expect((await submit(locked(1_000, 0xffffffff))).outcome).toBe('accepted');
  });

  it('a coinbase that is not mature', async () => {
    await submit(spend([await coin(10_000)], [{ sats: 5_000, lockingScript: OTHER }]));
    const height = await chain.mine();
    const header = await chain.header(height);
    if (header === undefined) throw new Error('no header');
    // The coinbase is the other transaction of the block: its id is the sibling in the Merkle path.
    const funded = await coin(2_000);
    await chain.mine();
    const status = await chain.status(funded.txid);
    const path0 = MerklePath.fromBinary([...(status?.merklePath ?? [])]).path[0];
    const coinbaseTxid = path0?.find((leaf) => leaf.offset === 0)?.hash as Txid;
    const rewardSats = await rewardOf(coinbaseTxid);
    const early = spend(
      [{ txid: coinbaseTxid, vout: 0, sats: rewardSats }],
      [{ sats: 1, lockingScript: OTHER }],
      undefined,
      FAUCET_KEY,
    );
    await expectRefused(early, 'not mature');
    for (let i = 0; i < 100; i++) await chain.mine();
    expect((await submit(early)).outcome).toBe('accepted');
  });
});

/** The chain tells what a coin is worth when a wrong amount is claimed. */
async function rewardOf(txid: Txid): Promise<number> {
  const wrong = spend(
    [{ txid, vout: 0, sats: 1_000_000 }],
    [{ sats: 1, lockingScript: OTHER }],
    undefined,
    FAUCET_KEY,
  );
  const { detail } = await submit(wrong);
  return Number(/worth (\d+) sats/.exec(detail)?.[1]);
}

describe('blocks', () => {
  it('link to each other, prove their work, and give Merkle paths that the SDK believes', async () => {
    const coins = [await coin(1_000), await coin(2_000), await coin(3_000)];
    const height = await chain.mine();
    const heights: number[] = [];
    const stop = chain.onBlock((each) => heights.push(each));
    expect(await chain.mine()).toBe(height + 1);
    stop();
    await chain.mine();
    expect(heights).toEqual([height + 1]);

    for (let at = 1; at <= height + 2; at++) {
      const [header, parent] = [await chain.header(at), await chain.header(at - 1)];
      if (header === undefined || parent === undefined) throw new Error('a header is missing');
      expect(meetsTarget(header, sha256)).toBe(true);
      expect(equalBytes(decodeHeader(header).previousHash, sha256d(parent, sha256))).toBe(true);
    }
    expect(await chain.header(height + 3)).toBeUndefined();

    const tracker: ChainTracker = {
      isValidRootForHeight: async (root, at) => await chain.isValidRootForHeight(root, at),
      currentHeight: async () => await chain.currentHeight(),
    };
    for (const { txid } of coins) {
      const status = await chain.status(txid);
      if (status?.merklePath == null) throw new Error('not mined');
      expect(status).toMatchObject({ status: 'mined', blockHeight: height });
      const merklePath = MerklePath.fromBinary([...status.merklePath]);
      expect(await merklePath.verify(txid, tracker)).toBe(true);
      const followed = followMerklePath(status.merklePath, fromHex(txid).toReversed(), sha256);
      expect(await chain.isValidRootForHeight(displayHash(followed?.root ?? new Uint8Array()), height)).toBe(
        true,
      );
      expect(await chain.isValidRootForHeight('00'.repeat(32), height)).toBe(false);
      expect(await merklePath.verify('ab'.repeat(32), tracker).catch(() => false)).toBe(false);
    }
  });

  it('come every interval, also empty ones', async () => {
    await chain.close();
    const ticks: (() => void)[] = [];
    const clock: Clock = {
      ...systemClock,
      every: (_, run) => {
        ticks.push(run);
        return { cancel: () => ticks.pop() };
      },
    };
    chain = await open(clock, 3_000);
    const before = await chain.currentHeight();
    const next = new Promise<number>((resolve) => chain.onBlock(resolve));
    ticks[0]?.();
    expect(await next).toBe(before + 1);
    await chain.close();
    expect(ticks).toHaveLength(0);
  });
});

describe('persistence', () => {
  it('keeps blocks, coins, spends and the mempool over a restart', async () => {
    const [one, two] = [await coin(10_000), await coin(20_000)];
    await chain.mine();
    const tx = spend([one], [{ sats: 9_000, lockingScript: OTHER }]);
    await submit(tx);
    const height = await chain.currentHeight();
    await chain.close();
    chain = await open();
    expect(await chain.currentHeight()).toBe(height);
    expect(await chain.status(idOf(tx))).toMatchObject({ status: 'accepted' });
    await expectRefused(spend([one], [{ sats: 1_000, lockingScript: MINE }]), '466');
    expect((await submit(spend([two], [{ sats: 9_000, lockingScript: MINE }]))).outcome).toBe('accepted');
    await chain.mine();
    expect(await chain.status(idOf(tx))).toMatchObject({ status: 'mined', blockHeight: height + 1 });
    expect((await chain.fund(ACCOUNT, [5])).outputs).toEqual([{ vout: 0, sats: 5 }]);
  });
});

describe('the faucet', () => {
  it('serves many at the same time, each from coins of its own', async () => {
    const funded = await Promise.all(Array.from({ length: 20 }, () => chain.fund(ACCOUNT, [1_000, 2_000])));
    expect(new Set(funded.map((each) => each.txid)).size).toBe(20);
    for (const { txid } of funded) expect(await chain.status(txid)).toMatchObject({ status: 'accepted' });
  });
});

describe('speed', () => {
  it('accepts ten transactions of 2,000 outputs in well below a second', async () => {
    const coins = await Promise.all(Array.from({ length: 10 }, () => coin(10_000_000)));
    const submissions = coins.map((each) => {
      const payees = Array.from({ length: 2_000 }, (_, i) => ({ sats: 1_000 + i, lockingScript: OTHER }));
      const tx = spend([each], payees);
      return { txid: idOf(tx), ef: serialiseExtended(tx) };
    });
    const start = performance.now();
    const outcomes = await chain.submit(submissions);
    const tookMs = performance.now() - start;
    expect(outcomes.every((each) => each.outcome === 'accepted')).toBe(true);
    expect(tookMs).toBeLessThan(1_000);
  });
});
