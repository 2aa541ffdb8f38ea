/** One round of many viewers through the settlement service, with the service's ports telling when each part began. */
import { join } from 'node:path';
import { systemClock } from '../../src/platform/clock.ts';
import type { Broadcaster } from '../../src/ports/chain.ts';
import type { Store } from '../../src/ports/store.ts';
import { type BuildPool, createBuildPool } from '../../src/settlement/build-pool.ts';
import { publishReceipt } from '../../src/settlement/receipts-dir.ts';
import { startSettlementService } from '../../src/settlement/service.ts';
import { battle, openInStore } from '../../src/settlement/testing/battle.ts';
import { type Parts, PartTimer } from './parts.ts';
import type { Bank } from './bank.ts';

/** Main splits the round while the build thread works. */
const BUILD = 'build, sign and split';
const BUILD_THREAD = new URL('../../src/build-thread.ts', import.meta.url);

/** Every viewer pays, most of them gifts too. */
export async function settleViewers(bank: Bank, roundId: string, viewers: number): Promise<Parts> {
  const { store, chain, treasury, logger, directory } = bank;
  let timer: PartTimer | undefined;
  const accepted = Promise.withResolvers<Parts>();
  const pool = createBuildPool(BUILD_THREAD, { privateKey: treasury.privateKey });
  const service = startSettlementService(
    {
      store: timedStore(store, () => timer),
      broadcaster: timedBroadcaster(chain, () => timer),
      headers: chain,
      faucet: chain,
      clock: systemClock,
      logger,
      treasury,
      onProgress: (_, { status }) => {
        if (status !== 'accepted' || timer === undefined) return;
        timer.end('book');
        accepted.resolve(timer.parts);
      },
    },
    {
      pool: timedPool(pool, () => timer),
      publish: (id, bytes) => publishReceipt(join(directory, 'receipts'), id, bytes),
      turn: () => new Promise((resolve) => setImmediate(resolve)),
    },
  );
  try {
    await service.ensureTreasury();
    const statement = battle({ roundId, viewers });
    const generation = await openInStore(store, statement);
    timer = new PartTimer();
    service.settle({ roundId: statement.terms.roundId, generation, statement });
    const parts = await accepted.promise;
    await service.whenIdle();
    const { balanced } = await service.reconcile();
    if (!balanced) throw new Error('the books do not agree with the coins');
    return parts;
  } finally {
    await service.close();
  }
}

type Running = () => PartTimer | undefined;

function timedStore(store: Store, timer: Running): Store {
  return {
    ...store,
    async commitSettlement(commit) {
      timer()?.end(BUILD);
      const committed = await store.commitSettlement(commit);
      timer()?.end('commit');
      return committed;
    },
  };
}

function timedPool(pool: BuildPool, timer: Running): BuildPool {
  return {
    ...pool,
    async build(request) {
      timer()?.end('plan');
      const built = await pool.build(request);
      timer()?.end(BUILD);
      return built;
    },
  };
}

function timedBroadcaster(chain: Broadcaster, timer: Running): Broadcaster {
  return {
    async submit(transactions) {
      timer()?.end('read');
      const outcomes = await chain.submit(transactions);
      timer()?.end('broadcast');
      return outcomes;
    },
    status: (txid) => chain.status(txid),
  };
}
