/** Receipts of rounds that were really settled, on a chain of their own: what the settlement targets start from. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevChain } from '../../../src/chain/dev-chain.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import type { RoundStatement } from '../../../src/round/statement.ts';
import { createSettlementService } from '../../../src/settlement/service.ts';
import { battle, openInStore } from '../../../src/settlement/testing/battle.ts';
import { openMemoryStore } from '../../../src/store/memory/memory-store.ts';
import { treasuryKeyOf } from '../../../src/wallet/keys.ts';

export interface Settled {
  readonly statement: RoundStatement;
  readonly receipt: Uint8Array;
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const clock: Clock = { ...systemClock, every: () => ({ cancel() {} }) };

/** Several in one block, so that Merkle paths have siblings; one round that nobody paid in. */
const ROUNDS = [
  { roundId: 'many', viewers: 6, paying: 1 },
  { roundId: 'few', viewers: 2, paying: 1 },
  { roundId: 'one', viewers: 1, paying: 1 },
  { roundId: 'quiet', viewers: 3, paying: 0 },
] as const;

export async function settledRounds(): Promise<readonly Settled[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ringside-fuzz-'));
  const path = join(folder, 'chain');
  const chain = await openDevChain({
    path,
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
    receiptsDir: join(folder, 'receipts'),
    onProgress() {},
  });
  try {
    await service.ensureTreasury();
    const statements = ROUNDS.map((options) => battle(options));
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
    await rm(folder, { recursive: true, force: true });
  }
}
