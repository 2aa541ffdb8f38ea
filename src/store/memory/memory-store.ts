/**
 * The Store port in memory: same answers as the durable one, nothing survives the process. For tests and the
 * simulator; one thread.
 */
import type { Store } from '../../ports/store.ts';
import { memoryAccounts } from './accounts.ts';
import { memoryRounds } from './rounds.ts';
import { memorySettlements } from './settlements.ts';
import { type MemoryState, emptyState } from './state.ts';

/** `state`: somebody else's tables to work on; the simulator takes copies of them and looks into them. */
export function openMemoryStore(state: MemoryState = emptyState()): Store {
  let open = true;
  return {
    ...memoryRounds(state),
    ...memoryAccounts(state),
    ...memorySettlements(state),
    async check() {
      return open;
    },
    async close() {
      open = false;
    },
  };
}
