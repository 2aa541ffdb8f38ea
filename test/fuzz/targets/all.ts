/** Every decoder, in one list. */
import type { Target } from '../target.ts';
import { merklePaths, transactionTarget } from './chain.ts';
import { clientFrames, msgpack, serverFrames } from './frames.ts';
import { segments, snapshots } from './saves.ts';
import { settledRounds } from './settled-receipts.ts';
import { planTarget, receiptTarget, statementTarget } from './settlement.ts';
import { commitments } from './vouchers.ts';

/** Settles a few rounds on a chain of its own first, for receipts to start from. */
export async function decoderTargets(): Promise<readonly Target[]> {
  const settled = await settledRounds();
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
