/** A call of the store that may change something. */

export type WriteMethod =
  | 'createRound'
  | 'acquireRound'
  | 'appendSegment'
  | 'saveSnapshot'
  | 'finishRound'
  | 'hold'
  | 'shrinkHold'
  | 'post'
  | 'commitSettlement'
  | 'commitRefund'
  | 'advanceTransaction'
  | 'addCoins'
  | 'putReceipt';

export interface Write {
  readonly method: WriteMethod;
  readonly args: readonly unknown[];
  /** Arrives after its caller has been told that it is in doubt. */
  readonly late?: true;
}
