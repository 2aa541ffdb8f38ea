// A store that others share may apply a write after it was reported in doubt: in the middle of the next attempt.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DevChain, openDevChain } from '../chain/dev-chain.ts';
import { EngineError } from '../core/errors.ts';
import { systemClock } from '../platform/clock.ts';
import { systemRandom } from '../platform/random.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../ports/store.ts';
import type { RoundStatement } from '../round/statement.ts';
import { openMemoryStore } from '../store/memory/memory-store.ts';
import { treasuryKeyOf } from '../wallet/keys.ts';
import { type SettlementService, createSettlementService } from './service.ts';
import { battle, openInStore } from './testing/battle.ts';

const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
/** No timer fires by itself: blocks drive the service. */
const clock: Clock = { ...systemClock, every: () => ({ cancel() {} }) };
const inDoubt = (): Promise<never> => Promise.reject(new EngineError('STORE_FAILED', { inDoubt: true }));

let directory: string;
let chain: DevChain;
let store: Store;
let service: SettlementService | undefined;
let stages: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'late-'));
  const path = join(directory, 'chain');
  chain = await openDevChain({ path, clock, random: systemRandom, logger, blockIntervalMs: 0 });
  store = openMemoryStore();
  stages = [];
});

afterEach(async () => {
  await service?.close();
  await chain.close();
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

async function start(over: Partial<Store>): Promise<SettlementService> {
  service = await createSettlementService({
    store: { ...store, ...over },
    broadcaster: chain,
    headers: chain,
    faucet: chain,
    clock,
    logger,
    treasury: treasuryKeyOf(new Uint8Array(32).fill(22)),
    receiptsDir: join(directory, 'receipts'),
    onProgress: (roundId, { status }) => stages.push(`${roundId} ${status}`),
  });
  await service.ensureTreasury();
  return service;
}

async function settle(on: SettlementService, statement: RoundStatement): Promise<void> {
  const { roundId } = statement.terms;
  const generation = await openInStore(store, statement);
  on.settle({ roundId, generation, statement });
  await on.whenIdle();
}

async function mine(on: SettlementService): Promise<void> {
  await chain.mine();
  await on.whenIdle();
}

describe('a settlement', () => {
  it('goes on when its commit arrives while the next attempt reads the holds', async () => {
    let late: Parameters<Store['commitSettlement']>[0] | undefined;
    const on = await start({
      commitSettlement(commit) {
        late = commit;
        return inDoubt();
      },
      async holdsOfRound(roundId) {
        if (late !== undefined) await store.commitSettlement(late);
        return await store.holdsOfRound(roundId);
      },
    });
    await settle(on, battle({ roundId: 'late', viewers: 5 }));
    expect(stages).toEqual([]);
    await mine(on);
    expect(stages).toEqual(['late planned', 'late accepted']);
  });

  it('is tried again when a payout is booked while it adds up what is carried forward', async () => {
    let late: Parameters<Store['advanceTransaction']>[0] | undefined;
    const on = await start({
      async advanceTransaction(change) {
        if (late !== undefined) return await store.advanceTransaction(change);
        late = change;
        return await inDoubt();
      },
      async openTransactions() {
        const open = await store.openTransactions();
        if (late !== undefined) await store.advanceTransaction(late);
        return open;
      },
    });
    await settle(on, battle({ roundId: 'first', viewers: 9 }));
    expect(stages).toEqual(['first planned']);
    await settle(on, battle({ roundId: 'second', viewers: 9 }));
    await mine(on);
    await mine(on);
    expect(stages).toContain('second mined');
  });
});
