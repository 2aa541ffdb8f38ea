/** What the settlement service reports back to the round's actor, in this order; repeats are harmless. */
import type { Txid } from '../core/ids.ts';

export interface SettlementProgress {
  /** 'planned': booked and stored, not yet accepted. 'refunded': a cancelled round was booked back. */
  readonly status: 'planned' | 'accepted' | 'mined' | 'refunded';
  readonly txids: readonly Txid[];
}
