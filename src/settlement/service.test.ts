import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DevChain, openDevChain } from '../chain/dev-chain.ts';
import type { RoundId } from '../core/ids.ts';
import { accountOfP2pkh, parseExtended } from '../core/transaction.ts';
import { ledgerAccounts } from '../ledger/journal.ts';
import { ripemd160, sha256 } from '../platform/hash.ts';
import { systemClock } from '../platform/clock.ts';
import { systemRandom } from '../platform/random.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import type { Broadcaster } from '../ports/chain.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../ports/store.ts';
import type { SettlementProgress } from '../round/settlement-progress.ts';
import type { RoundStatement } from '../round/statement.ts';
import { openMemoryStore } from '../store/memory/memory-store.ts';
import { treasuryKeyOf } from '../wallet/keys.ts';
import type { VerifyTools } from './checks/check.ts';
import { receiptPath } from './receipts-dir.ts';
import { type SettlementService, createSettlementService } from './service.ts';
import { accountFor, battle, openInStore } from './testing/battle.ts';
import { verifyReceipt } from './verify-receipt.ts';

const treasury = treasuryKeyOf(new Uint8Array(32).fill(21));
const tools: VerifyTools = {
  sha256,
  ripemd160,
  verifySignature: (hash, signature, publicKey) => nativeSignatures.verify(hash, signature, publicKey),
};

let directory: string;
let chain: DevChain;
let store: Store;
let service: SettlementService;
let progress: (SettlementProgress & { readonly roundId: RoundId })[];
let errors: string[];
const logger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error: (message, fields) =>
    errors.push(`${message} ${fields?.['error'] instanceof Error ? fields['error'].message : ''}`),
};
/** No timer fires by itself: blocks drive the service. */
const clock: Clock = { ...systemClock, every: () => ({ cancel() {} }) };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'settle-'));
  chain = await openDevChain({
    path: join(directory, 'chain'),
    clock,
    random: systemRandom,
    logger,
    blockIntervalMs: 0,
  });
  store = openMemoryStore();
  progress = [];
  errors = [];
  service = await start();
  await service.ensureTreasury();
});

afterEach(async () => {
  const { balanced, ledgerSumSats } = await service.reconcile();
  await service.close();
  await chain.close();
  await store.close();
  await rm(directory, { recursive: true, force: true });
  expect({ balanced, ledgerSumSats }).toEqual({ balanced: true, ledgerSumSats: 0 });
});

async function start(
  over: Partial<Parameters<typeof createSettlementService>[0]> = {},
): Promise<SettlementService> {
  return await createSettlementService({
    store,
    broadcaster: chain,
    headers: chain,
    faucet: chain,
    clock,
    logger,
    treasury,
    receiptsDir: join(directory, 'receipts'),
    onProgress: (roundId, each) => progress.push({ roundId, ...each }),
    ...over,
  });
}

/** The service goes, as in a crash; another one takes its place over the same store and chain. */
async function restart(over: Parameters<typeof start>[0] = {}): Promise<void> {
  await service.close();
  service = await start(over);
}

async function settle(statement: RoundStatement): Promise<void> {
  const { roundId } = statement.terms;
  const generation = await openInStore(store, statement);
  service.settle({ roundId, generation, statement });
  await service.whenIdle();
}

async function mine(): Promise<void> {
  await chain.mine();
  await service.whenIdle();
}

const stages = (): string[] => progress.map((each) => each.status);

/** What an account got in outputs of the settlement. */
async function paidOnChain(roundId: RoundId, account: string): Promise<number> {
  const record = await store.readSettlement(roundId);
  let sum = 0;
  for (const { ef } of record?.transactions ?? []) {
    for (const output of parseExtended(ef)?.outputs ?? []) {
      if (accountOfP2pkh(output.lockingScript) === account) sum += output.sats;
    }
  }
  return sum;
}

describe('settling a round', () => {
  it('books, stores, sends, follows into a block, and publishes a receipt that verifies', async () => {
    const statement = battle({ roundId: 'first', viewers: 40 });
    const { roundId } = statement.terms;
    await settle(statement);
    expect(stages()).toEqual(['planned', 'accepted']);
    expect((await service.reconcile()).balanced).toBe(true);
    await mine();
    expect(stages()).toEqual(['planned', 'accepted', 'mined']);
    const bytes = await store.readReceipt(roundId);
    expect(await readFile(receiptPath(join(directory, 'receipts'), roundId))).toEqual(
      Buffer.from(bytes ?? []),
    );
    const verdict = verifyReceipt(bytes ?? new Uint8Array(), tools);
    expect(verdict.checks.filter((check) => !check.ok)).toEqual([]);
    expect(verdict.ok).toBe(true);
    expect(errors).toEqual([]);

    const results = await service.results(roundId);
    expect(results?.result.status).toBe('mined');
    const share = results?.result.participantSats[0] ?? 0;
    expect(await paidOnChain(roundId, accountFor('first/ada'))).toBe(share);
    expect(await store.readBalance(ledgerAccounts.earned(accountFor('first/ada')))).toBe(0);
    const payer = statement.streams[0];
    const balances = await store.readBalances(payer?.signed.commitment.payer ?? accountFor('nobody'));
    expect(balances).toMatchObject({ heldSats: 0, availableSats: 100_000 - (payer?.paidSats ?? 0) });
  });

  it('publishes a receipt when it is accepted, which does not pass for mined', async () => {
    const statement = battle({ roundId: 'early', viewers: 5 });
    await settle(statement);
    const bytes = await store.readReceipt(statement.terms.roundId);
    const verdict = verifyReceipt(bytes ?? new Uint8Array(), tools);
    expect(verdict.ok).toBe(false);
    const wrong = verdict.checks.filter((check) => !check.ok);
    expect(wrong.map((check) => check.name)).toEqual(['merkle paths', 'headers']);
    expect(wrong[0]?.detail).toContain('not mined yet');
    await mine();
  });

  it('settles a round in which nobody paid at once and without transactions', async () => {
    const statement = battle({ roundId: 'quiet', viewers: 6, paying: 0 });
    await settle(statement);
    expect(stages()).toEqual(['planned', 'accepted', 'mined']);
    expect(progress[2]?.txids).toEqual([]);
    const [stream] = statement.streams;
    const payer = stream?.signed.commitment.payer ?? accountFor('nobody');
    expect(await store.readBalances(payer)).toMatchObject({ heldSats: 0, availableSats: 100_000 });
    const bytes = await store.readReceipt(statement.terms.roundId);
    expect(verifyReceipt(bytes ?? new Uint8Array(), tools).ok).toBe(true);
  });

  it('settles a round in which there was no viewer', async () => {
    await settle(battle({ roundId: 'empty', viewers: 0 }));
    expect(stages()).toEqual(['planned', 'accepted', 'mined']);
    expect(errors).toEqual([]);
  });

  it('settles once, however often it is asked, also at the same time', async () => {
    const statement = battle({ roundId: 'twice', viewers: 10 });
    const { roundId } = statement.terms;
    const generation = await openInStore(store, statement);
    for (let i = 0; i < 3; i++) service.settle({ roundId, generation, statement });
    await service.whenIdle();
    await mine();
    service.settle({ roundId, generation, statement });
    await service.whenIdle();
    const share = (await service.results(roundId))?.result.participantSats[0] ?? -1;
    expect(await paidOnChain(roundId, accountFor('twice/ada'))).toBe(share);
    expect(stages().at(-1)).toBe('mined');
    expect(new Set(progress.flatMap((each) => each.txids)).size).toBe(1);
  });

  it('carries small shares forward and pays them with a later round', async () => {
    const small = battle({ roundId: 'small', viewers: 3, seed: 2, terms: { payoutMinSats: 100_000 } });
    await settle(small);
    const carried = (await service.results(small.terms.roundId))?.carriedSats ?? 0;
    expect(carried).toBeGreaterThan(0);
    expect(progress.at(-1)).toMatchObject({ status: 'mined', txids: [] });

    const participants = small.terms.participants;
    const later = battle({ roundId: 'later', viewers: 30, terms: { participants } });
    const before = await store.readBalance(ledgerAccounts.earned(accountFor('small/ada')));
    await settle(later);
    await mine();
    const share = (await service.results(later.terms.roundId))?.result.participantSats[0] ?? 0;
    expect(await paidOnChain(later.terms.roundId, accountFor('small/ada'))).toBe(share + before);
    expect(verifyReceipt((await store.readReceipt(later.terms.roundId)) ?? new Uint8Array(), tools).ok).toBe(
      true,
    );
  });

  it('settles at once when a hold was let go while the holds were read', async () => {
    const statement = battle({ roundId: 'closing', viewers: 6, paying: 0.5 });
    const free = statement.streams.find(({ paidSats }) => paidSats === 0)?.signed.commitment.streamId;
    let reads = 0;
    await restart({
      store: {
        ...store,
        async holdsOfRound(roundId) {
          const holds = await store.holdsOfRound(roundId);
          if (reads++ === 0 && free !== undefined)
            await store.shrinkHold({ streamId: free, toSats: 0, atMs: 1 });
          return holds;
        },
      },
    });
    await settle(statement);
    expect(stages()).toEqual(['planned', 'accepted']);
    expect(reads).toBe(2);
    expect(errors).toEqual([]);
    expect(await store.holdsOfRound(statement.terms.roundId)).toEqual([]);
  });

  it('leaves a round to the owner that took it over', async () => {
    const statement = battle({ roundId: 'taken', viewers: 3 });
    const { roundId } = statement.terms;
    const generation = await openInStore(store, statement);
    await store.acquireRound(roundId);
    service.settle({ roundId, generation, statement });
    service.refund({ roundId, generation });
    await service.whenIdle();
    expect(await store.readSettlement(roundId)).toBeUndefined();
    expect(await store.holdsOfRound(roundId)).toHaveLength(3);
    expect(progress).toEqual([]);
  });

  it('waits for the treasury when its coins do not cover the payees', async () => {
    await service.close();
    const poor = treasuryKeyOf(new Uint8Array(32).fill(22));
    const statement = battle({ roundId: 'poor', viewers: 4 });
    const { roundId } = statement.terms;
    const generation = await openInStore(store, statement);
    const free = store.freeCoins.bind(store);
    store.freeCoins = async () => [];
    service = await start({ faucet: null, treasury: poor });
    service.settle({ roundId, generation, statement });
    await service.whenIdle();
    expect(errors[0]).toContain('cannot pay');
    expect(await store.readSettlement(roundId)).toBeUndefined();
    store.freeCoins = free;
    await restart({ faucet: null });
    service.settle({ roundId, generation, statement });
    await service.whenIdle();
    expect(stages()).toEqual(['planned', 'accepted']);
    await mine();
  });
});

describe('refunding a cancelled round', () => {
  it('gives every hold back, once, and sends nothing', async () => {
    const statement = battle({ roundId: 'off', viewers: 8 });
    const { roundId } = statement.terms;
    const generation = await openInStore(store, statement);
    for (let i = 0; i < 2; i++) {
      service.refund({ roundId, generation });
      await service.whenIdle();
    }
    expect(stages()).toEqual(['refunded', 'refunded']);
    for (const { signed } of statement.streams) {
      expect(await store.readBalances(signed.commitment.payer)).toMatchObject({
        heldSats: 0,
        availableSats: 100_000,
      });
    }
    expect(await store.openTransactions()).toEqual([]);
  });
});

describe('restarts and lost answers', () => {
  it('sends what was stored but never sent', async () => {
    await restart({
      broadcaster: broken(async () => {
        throw new Error('the wire is cut');
      }),
    });
    const statement = battle({ roundId: 'cut', viewers: 10 });
    await settle(statement);
    expect(stages()).toEqual(['planned']);
    expect((await service.reconcile()).balanced).toBe(true);
    const before = await store.readSettlement(statement.terms.roundId);
    await restart();
    await service.resume();
    expect(stages()).toContain('accepted');
    await mine();
    expect(stages().at(-1)).toBe('mined');
    const after = await store.readSettlement(statement.terms.roundId);
    expect(after?.transactions.map((each) => each.ef)).toEqual(before?.transactions.map((each) => each.ef));
  });

  it('finds out that the network has what it never confirmed', async () => {
    let asked = 0;
    await restart({
      broadcaster: broken(async (transactions) => {
        asked++;
        await chain.submit(transactions);
        throw new Error('the answer is lost');
      }),
    });
    await settle(battle({ roundId: 'lost', viewers: 10 }));
    expect(stages()).toEqual(['planned', 'accepted']);
    expect(asked).toBe(1);
    await mine();
    expect(stages().at(-1)).toBe('mined');
  });

  it('takes an unknown outcome for neither yes nor no', async () => {
    let reach = false;
    const broadcaster = broken(async (transactions) =>
      reach
        ? await chain.submit(transactions)
        : transactions.map(({ txid }) => ({ txid, outcome: 'unknown' as const, detail: '500' })),
    );
    await restart({ broadcaster });
    await settle(battle({ roundId: 'doubt', viewers: 10 }));
    expect(stages()).toEqual(['planned']);
    await mine();
    expect(stages()).toEqual(['planned']);
    reach = true;
    await mine();
    expect(stages()).toEqual(['planned', 'accepted']);
    await mine();
    expect(stages()).toEqual(['planned', 'accepted', 'mined']);
  });

  it('keeps coins reserved when the network refuses, and says so', async () => {
    await restart({
      broadcaster: broken(async (transactions) =>
        transactions.map(({ txid }) => ({ txid, outcome: 'rejected' as const, detail: '465' })),
      ),
    });
    await settle(battle({ roundId: 'refused', viewers: 4 }));
    await mine();
    expect(stages()).toEqual(['planned']);
    expect(errors.filter((each) => each.startsWith('settlement transaction refused'))).toHaveLength(1);
    await restart();
    await service.resume();
    await mine();
    expect(stages().at(-1)).toBe('mined');
  });

  it('goes on between accepted and mined', async () => {
    const statement = battle({ roundId: 'between', viewers: 10 });
    await settle(statement);
    await service.close();
    await chain.mine();
    service = await start();
    await service.resume();
    expect(stages().at(-1)).toBe('mined');
    expect(
      verifyReceipt((await store.readReceipt(statement.terms.roundId)) ?? new Uint8Array(), tools).ok,
    ).toBe(true);
  });

  it('writes the receipt that a crash prevented when the round asks again', async () => {
    const statement = battle({ roundId: 'again', viewers: 10 });
    const { roundId } = statement.terms;
    const generation = await openInStore(store, statement);
    service.settle({ roundId, generation, statement });
    await service.whenIdle();
    await mine();
    await store.putReceipt(roundId, new Uint8Array());
    await restart();
    progress = [];
    service.settle({ roundId, generation, statement });
    await service.whenIdle();
    expect(stages()).toEqual(['planned', 'accepted', 'mined']);
    expect(verifyReceipt((await store.readReceipt(roundId)) ?? new Uint8Array(), tools).ok).toBe(true);
  });

  it('does not believe a Merkle path that leads to no header of ours', async () => {
    await restart({
      headers: { ...headersOf(chain), isValidRootForHeight: async () => false },
    });
    await settle(battle({ roundId: 'forged', viewers: 4 }));
    await mine();
    expect(stages()).toEqual(['planned', 'accepted']);
    expect(errors).toContain('Merkle path does not lead to our header ');
    await restart();
    await service.resume();
    expect(stages().at(-1)).toBe('mined');
  });

  it('never pays a carried balance twice while a payout is not booked', async () => {
    const small = battle({ roundId: 'seed', viewers: 3, seed: 2, terms: { payoutMinSats: 100_000 } });
    await settle(small);
    await restart({ broadcaster: broken(async () => []) });
    const { participants } = small.terms;
    const rounds = ['one', 'two'].map((roundId) => battle({ roundId, viewers: 20, terms: { participants } }));
    for (const statement of rounds) await settle(statement);
    await restart();
    await service.resume();
    await mine();
    let shares = 0;
    let paid = 0;
    for (const { terms } of [small, ...rounds]) {
      shares += (await service.results(terms.roundId))?.result.participantSats[0] ?? 0;
      paid += await paidOnChain(terms.roundId, accountFor('seed/ada'));
    }
    expect(paid).toBe(shares);
    expect(errors).toEqual([]);
  });
});

function headersOf(of: DevChain): Parameters<typeof createSettlementService>[0]['headers'] {
  return {
    currentHeight: () => of.currentHeight(),
    header: (height) => of.header(height),
    isValidRootForHeight: (root, height) => of.isValidRootForHeight(root, height),
    onBlock: (listener) => of.onBlock(listener),
  };
}

/** A broadcaster whose next answers are made up by the test; the chain may have taken the bytes all the same. */
function broken(answer: Broadcaster['submit']): Broadcaster {
  return { submit: answer, status: (txid) => chain.status(txid) };
}
