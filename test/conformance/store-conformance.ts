/** One suite for every implementation of the Store port: what each method does, refuses and repeats. */
import { afterEach, beforeEach, describe } from 'vitest';
import { accountCases } from './store-accounts.ts';
import { randomCases } from './store-random.ts';
import { roundCases } from './store-rounds.ts';
import { settlementCases } from './store-settlements.ts';
import type { OpenStore, StoreUnderTest } from './store-under-test.ts';

export function storeConformance(name: string, open: () => Promise<OpenStore>): void {
  describe(`store: ${name}`, () => {
    let opened: OpenStore | undefined;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(async () => {
      await opened?.dispose();
      opened = undefined;
    });
    const current = (): StoreUnderTest => {
      if (opened === undefined) throw new Error('no store is open outside a test');
      return opened;
    };
    roundCases(current);
    accountCases(current);
    settlementCases(current);
    randomCases(current);
  });
}
