/** Every decoder, in one list. */
import { settledRounds } from '../../../src/settlement/testing/settled-rounds.ts';
import type { Target } from '../target.ts';
import { merklePaths, transactionTarget } from './chain.ts';
import { clientFrames, msgpack, serverFrames } from './frames.ts';
import { segments, snapshots } from './saves.ts';
import { planTarget, receiptTarget, statementTarget } from './settlement.ts';
import { commitments } from './vouchers.ts';

/** What receipts start from; one is of a round that nobody paid in. */
const ROUNDS = [
  { roundId: 'many', viewers: 6, paying: 1 },
  { roundId: 'few', viewers: 2, paying: 1 },
  { roundId: 'one', viewers: 1, paying: 1 },
  { roundId: 'quiet', viewers: 3, paying: 0 },
];

/** Settles a few rounds first. */
export async function decoderTargets(): Promise<readonly Target[]> {
  const settled = await settledRounds(ROUNDS);
  return [
    clientFrames,
    serverFrames,
    msgpack,
    commitments,
    receiptTarget(settled),
    snapshots,
    segments,
    statementTarget(settled),
    planTarget(settled),
    transactionTarget(settled),
    merklePaths,
  ];
}
