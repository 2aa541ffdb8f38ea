import { LockingScript, MerklePath, P2PKH, PrivateKey, Transaction, TransactionSignature } from '@bsv/sdk';
import { assert as property, integer, property as forAll, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../platform/hash.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import {
  REGTEST_BITS,
  encodeHeader,
  encodeMerklePath,
  followMerklePath,
  meetsTarget,
  merkleRoot,
} from './block.ts';
import { fromHex, toHex } from './bytes.ts';
import type { AccountId } from './ids.ts';
import { createSighasher, p2pkhUnlockingScript, parseP2pkhUnlocking } from './sighash.ts';
import {
  accountOfP2pkh,
  displayHash,
  p2pkhScript,
  parseExtended,
  parseTransaction,
  serialiseExtended,
  serialiseTransaction,
  sha256d,
  txidOf,
} from './transaction.ts';

const key = new PrivateKey(7);

async function sdkTransaction(outputs: number): Promise<Transaction> {
  const source = new Transaction();
  source.addInput({
    sourceTXID: '11'.repeat(32),
    sourceOutputIndex: 4,
    unlockingScript: new P2PKH().lock(key.toAddress()),
  });
  source.addOutput({ satoshis: 90_000_000_000, lockingScript: new P2PKH().lock(key.toAddress()) });
  const tx = new Transaction();
  tx.addInput({
    sourceTransaction: source,
    sourceOutputIndex: 0,
    unlockingScriptTemplate: new P2PKH().unlock(key),
  });
  tx.addOutput({ satoshis: 0, lockingScript: LockingScript.fromHex('006a0401020304') });
  for (let i = 0; i < outputs; i++) {
    tx.addOutput({ satoshis: 5_000_000_000 + i, lockingScript: new P2PKH().lock(key.toAddress()) });
  }
  await tx.sign();
  return tx;
}

describe('transaction layout', () => {
  it('reads and writes what the SDK does, raw and extended', async () => {
    const sdk = await sdkTransaction(300);
    const raw = sdk.toUint8Array();
    const ef = Uint8Array.from(sdk.toEF());
    const parsed = parseExtended(ef);
    if (parsed === undefined) throw new Error('the extended form is not understood');
    expect(toHex(serialiseExtended(parsed))).toBe(toHex(ef));
    expect(toHex(serialiseTransaction(parsed))).toBe(toHex(raw));
    expect(txidOf(raw, sha256)).toBe(sdk.id('hex'));
    expect(parseTransaction(raw)?.outputs).toHaveLength(301);
    expect(parsed.inputs[0]?.sourceSats).toBe(90_000_000_000);
    expect(parseExtended(raw)).toBeUndefined();
    expect(parseTransaction(ef)).toBeUndefined();
  });

  it('refuses every truncation and anything after the end', async () => {
    const ef = Uint8Array.from((await sdkTransaction(2)).toEF());
    for (let length = 0; length < ef.length; length++)
      expect(parseExtended(ef.subarray(0, length))).toBeUndefined();
    expect(parseExtended(Uint8Array.of(...ef, 0))).toBeUndefined();
  });

  it('refuses a count with a longer spelling than needed', async () => {
    const raw = (await sdkTransaction(1)).toUint8Array();
    const long = Uint8Array.of(...raw.subarray(0, 4), 0xfd, 1, 0, ...raw.subarray(5));
    expect(parseTransaction(raw)).toBeDefined();
    expect(parseTransaction(long)).toBeUndefined();
  });

  it('never throws and keeps one spelling for whatever it accepts', () => {
    property(
      forAll(uint8Array({ maxLength: 200 }), (bytes) => {
        const tx = parseTransaction(bytes);
        if (tx !== undefined) expect(toHex(serialiseTransaction(tx))).toBe(toHex(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('names the account of a P2PKH script and of no other', () => {
    const account = '751e76e8199196d454941c45d1b3a323f1433bd6' as AccountId;
    expect(accountOfP2pkh(p2pkhScript(account))).toBe(account);
    const other = p2pkhScript(account);
    other[24] = 0xad;
    expect(accountOfP2pkh(other)).toBeUndefined();
  });
});

describe('sighash', () => {
  it('is the digest that the SDK signs', async () => {
    const sdk = await sdkTransaction(3);
    const tx = parseExtended(Uint8Array.from(sdk.toEF()));
    if (tx === undefined) throw new Error('not understood');
    const input = sdk.inputs[0];
    const preimage = TransactionSignature.formatBytes({
      sourceTXID: sdk.inputs[0]?.sourceTransaction?.id('hex') ?? '',
      sourceOutputIndex: 0,
      sourceSatoshis: 90_000_000_000,
      transactionVersion: sdk.version,
      otherInputs: [],
      outputs: sdk.outputs,
      inputIndex: 0,
      subscript: new P2PKH().lock(key.toAddress()),
      inputSequence: input?.sequence ?? 0xffffffff,
      lockTime: sdk.lockTime,
      scope: 0x41,
    });
    expect(toHex(createSighasher(tx, sha256)(0))).toBe(toHex(sha256d(preimage, sha256)));
  });

  it('round-trips unlocking scripts and refuses other spellings', () => {
    const publicKey = nativeSignatures.publicKey(new Uint8Array(32).fill(9));
    for (let i = 0; i < 200; i++) {
      const signature = nativeSignatures.sign(sha256(Uint8Array.of(i)), new Uint8Array(32).fill(9));
      const script = p2pkhUnlockingScript(signature, publicKey);
      const parsed = parseP2pkhUnlocking(script);
      expect(toHex(parsed?.signature ?? new Uint8Array())).toBe(toHex(signature));
      expect(toHex(parsed?.publicKey ?? new Uint8Array())).toBe(toHex(publicKey));
      expect(parseP2pkhUnlocking(Uint8Array.of(...script, 0))).toBeUndefined();
      expect(parseP2pkhUnlocking(script.subarray(1))).toBeUndefined();
    }
  });
});

describe('Merkle paths', () => {
  it('agree with the SDK for every position of blocks of every small size', () => {
    for (let count = 1; count <= 18; count++) {
      const txids = Array.from({ length: count }, (_, i) => sha256(Uint8Array.of(i)));
      const root = merkleRoot(txids, sha256);
      for (const [index, txid] of txids.entries()) {
        const bump = encodeMerklePath(txids, index, 700, sha256);
        const followed = followMerklePath(bump, txid, sha256);
        expect(followed).toMatchObject({ height: 700, index });
        expect(toHex(followed?.root ?? new Uint8Array())).toBe(toHex(root));
        expect(MerklePath.fromBinary(bump).computeRoot(displayHash(txid))).toBe(displayHash(root));
        expect(toHex(Uint8Array.from(MerklePath.fromBinary(bump).toBinary()))).toBe(toHex(bump));
      }
    }
  });

  it('have one spelling: a duplicate that is given as a hash proves nothing, on neither side', () => {
    const txids = [1, 2, 3].map((no) => sha256(Uint8Array.of(no)));
    const own = txids[2] ?? new Uint8Array();
    const path = encodeMerklePath(txids, 2, 7, sha256);
    expect(toHex(path.subarray(0, 3))).toBe('070202'); // height, levels, leaves; then the txid and its duplicate
    const above = path.subarray(3 + 34 + 2);
    expect(followMerklePath(path, own, sha256)?.index).toBe(2);
    for (const [left, right] of [
      [2, 0],
      [0, 2],
    ] as const) {
      const spelled = Uint8Array.of(7, 2, 2, 2, left, ...own, 3, right, ...own, ...above);
      expect(followMerklePath(spelled, own, sha256)).toBeUndefined();
    }
  });

  it('prove nothing once a bit of them has changed', () => {
    const txids = Array.from({ length: 11 }, (_, i) => sha256(Uint8Array.of(i)));
    const bump = encodeMerklePath(txids, 10, 70_000, sha256);
    const own = txids[10] ?? new Uint8Array();
    const root = toHex(merkleRoot(txids, sha256));
    property(
      forAll(integer({ min: 0, max: bump.length * 8 - 1 }), (bit) => {
        const changed = Uint8Array.from(bump);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const followed = followMerklePath(changed, own, sha256);
        const same = followed?.height === 70_000 && followed.index === 10 && toHex(followed.root) === root;
        expect(same).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('proof of work', () => {
  it('accepts the genesis header of the main chain and no other nonce', () => {
    const genesis = fromHex(
      `01000000${'00'.repeat(32)}3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c`,
    );
    expect(meetsTarget(genesis, sha256)).toBe(true);
    genesis[79] = 0x7d;
    expect(meetsTarget(genesis, sha256)).toBe(false);
  });

  it('refuses about half of all headers at the easiest target', () => {
    let met = 0;
    for (let nonce = 0; nonce < 400; nonce++) {
      const header = encodeHeader({
        version: 1,
        previousHash: new Uint8Array(32),
        merkleRoot: new Uint8Array(32),
        time: 0,
        bits: REGTEST_BITS,
        nonce,
      });
      if (meetsTarget(header, sha256)) met++;
    }
    expect(met).toBeGreaterThan(120);
    expect(met).toBeLessThan(280);
  });
});
