/** The process that settles: rounds one after the other, in one bank. */
import { assert } from '../../src/core/assert.ts';
import { serveParent } from '../lib/child.ts';
import { type Bank, openBank } from './bank.ts';
import type { Parts } from './parts.ts';
import { settleOutputs } from './settle-outputs.ts';
import { settleViewers } from './settle-viewers.ts';

export interface SettlementCalls {
  open(where: { readonly directory: string }): Promise<void>;
  viewers(size: { readonly count: number }): Promise<Parts>;
  outputs(size: { readonly count: number }): Promise<Parts>;
}

let bank: Bank | undefined;
let rounds = 0;

async function settle(
  by: (bank: Bank, roundId: string, count: number) => Promise<Parts>,
  count: number,
): Promise<Parts> {
  assert(bank !== undefined, 'the bank is open');
  return await by(bank, `bench-${++rounds}`, count);
}

serveParent<SettlementCalls>(
  {
    open: async ({ directory }) => {
      bank = await openBank(directory);
    },
    viewers: ({ count }) => settle(settleViewers, count),
    outputs: ({ count }) => settle(settleOutputs, count),
  },
  async () => {
    await bank?.chain.close();
    await bank?.store.close();
  },
);
