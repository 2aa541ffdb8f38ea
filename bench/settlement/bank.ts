/** Store, chain and treasury as the engine has them, in a directory of their own. */
import { join } from 'node:path';
import { type DevChain, openDevChain } from '../../src/chain/dev-chain.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemRandom } from '../../src/platform/random.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { Store } from '../../src/ports/store.ts';
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts';
import { type TreasuryKey, treasuryKeyOf } from '../../src/wallet/keys.ts';

export interface Bank {
  readonly directory: string;
  readonly store: Store;
  readonly chain: DevChain;
  readonly treasury: TreasuryKey;
  readonly logger: Logger;
}

/** A warning of the engine here is a failed measurement. */
function fail(message: string, fields?: Readonly<Record<string, unknown>>): never {
  throw new Error(message, { cause: fields?.['error'] });
}

const logger: Logger = { debug() {}, info() {}, warn: fail, error: fail };

/** Blocks come from nowhere: what is measured ends before one. */
export async function openBank(directory: string): Promise<Bank> {
  const store = await openLmdbStore({ path: join(directory, 'store') });
  const chain = await openDevChain({
    path: join(directory, 'chain'),
    clock: systemClock,
    random: systemRandom,
    logger,
    blockIntervalMs: 0,
  });
  return { directory, store, chain, treasury: treasuryKeyOf(systemRandom.bytes(32)), logger };
}
