/** The round: what a shard does with a batch of payments, and what its snapshots cost. */
import { assert } from '../../src/core/assert.ts';
import { restoreRound } from '../../src/round/restore.ts';
import { encodeSnapshot } from '../../src/round/save-codec.ts';
import type { RoundInput } from '../../src/round/inputs.ts';
import type { Case, Task } from './case.ts';
import { type LiveRound, liveRound, payment, stepDurably } from './round-fixture.ts';

const VIEWERS = 1_000;
/** Seconds that are paid before the round begins anew. */
const SECONDS = 100;

export const roundCases: readonly Case[] = [
  ...[2, 8, 16].map(
    (participants): Case => ({
      name: `round-step-${participants}`,
      what: `One payment of ${VIEWERS} in a step of a round with ${participants} participants: applied, ranked, published, its segment encoded, acknowledged.`,
      unit: 'ns',
      operations: VIEWERS,
      ours: () => stepTask(participants),
    }),
  ),
  ...[1_000, 15_000, 100_000].flatMap((viewers): readonly Case[] => {
    const count = viewers.toLocaleString('en-US');
    return [
      {
        name: `snapshot-encode-${viewers}`,
        what: `The snapshot of a round with ${count} viewers.`,
        unit: 'ms',
        operations: 1,
        ours: () => {
          const { state } = liveRound(viewers);
          return { run: () => encodeSnapshot(state) };
        },
      },
      {
        name: `snapshot-restore-${viewers}`,
        what: `A round with ${count} viewers restored from its snapshot.`,
        unit: 'ms',
        operations: 1,
        ours: () => {
          const { terms, state } = liveRound(viewers);
          const snapshot = encodeSnapshot(state);
          return { run: () => restoreRound({ terms, epoch: 2, snapshot, segments: [] }) };
        },
      },
    ];
  }),
];

function stepTask(participants: number): Task {
  const batches = Array.from({ length: SECONDS }, (_, second) => payment(VIEWERS, second + 2, participants));
  let round: LiveRound = liveRound(VIEWERS, participants);
  let second = 0;
  let input: RoundInput | undefined;
  return {
    before: () => {
      if (second === SECONDS) {
        round = liveRound(VIEWERS, participants);
        second = 0;
      }
      input = batches[second];
      second++;
    },
    run: () => {
      assert(input !== undefined, 'there is a batch');
      const { state, nowMs } = round;
      return stepDurably(state, nowMs + 1_000 * second, [input]);
    },
  };
}
