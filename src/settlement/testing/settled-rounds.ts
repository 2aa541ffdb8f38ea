/** Rounds that were really settled, over a store and a chain of their own: for tests that start from a receipt. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevChain } from '../../chain/dev-chain.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemRandom } from '../../platform/random.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { RoundStatement } from '../../round/statement.ts';
import { openMemoryStore } from '../../store/memory/memory-store.ts';
import { treasuryKeyOf } from '../../wallet/keys.ts';
import { createSettlementService } from '../service.ts';
import { type BattleOptions, battle, openInStore } from './battle.ts';

export interface Settled {
  readonly statement: RoundStatement;
  /** As it was published, with the block that has its transactions. */
  readonly receipt: Uint8Array;
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
/** No timer fires by itself: the block drives the service. */
const clock: Clock = { ...systemClock, every: () => ({ cancel() {} }) };

/** In the order they were asked for; all in one block, so that with several of them Merkle paths have siblings. */
export async function settledRounds(rounds: readonly BattleOptions[]): Promise<readonly Settled[]> {
  const directory = await mkdtemp(join(tmpdir(), 'ringside-settled-'));
  const chain = await openDevChain({
    path: join(directory, 'chain'),
    clock,
    random: systemRandom,
    logger: silent,
    blockIntervalMs: 0,
  });
  const store = openMemoryStore();
  const service = await createSettlementService({
    store,
    broadcaster: chain,
    headers: chain,
    faucet: chain,
    clock,
    logger: silent,
    treasury: treasuryKeyOf(new Uint8Array(32).fill(31)),
    receiptsDir: join(directory, 'receipts'),
    onProgress() {},
  });
  try {
    await service.ensureTreasury();
    const statements = rounds.map((options) => battle(options));
    for (const statement of statements) {
      const generation = await openInStore(store, statement);
      service.settle({ roundId: statement.terms.roundId, generation, statement });
    }
    await service.whenIdle();
    await chain.mine();
    await service.whenIdle();
    return await Promise.all(
      statements.map(async (statement) => {
        const receipt = await store.readReceipt(statement.terms.roundId);
        if (receipt === undefined) throw new Error(`round ${statement.terms.roundId} has no receipt`);
        return { statement, receipt };
      }),
    );
  } finally {
    await service.close();
    await chain.close();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}
