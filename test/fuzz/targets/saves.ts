/**
 * Snapshots and segments of a round. A save that does not add up is refused by the documented throw; one that is
 * accepted has to be the save of a state that can go on, and whose money adds up.
 */
import { equalBytes } from '../../../src/core/bytes.ts';
import { EngineError } from '../../../src/core/errors.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import type { Prng } from '../../../src/core/prng.ts';
import { restoreRound } from '../../../src/round/restore.ts';
import { encodeSnapshot } from '../../../src/round/save-codec.ts';
import type { RoundState } from '../../../src/round/state.ts';
import { CHAIN_COUNT, PAID, TIPS, UNITS } from '../../../src/round/stream-table.ts';
import { step } from '../../../src/round/step.ts';
import { END, RoundDriver, START, T0, testTerms } from '../../../src/round/test-driver.ts';
import { type CaseOutcome, type Target, insist } from '../target.ts';

const ROUNDS = 8;
const terms = testTerms();

interface Saved {
  /** Of now. */
  readonly snapshot: Uint8Array;
  /** Where the segments begin. */
  readonly base: Uint8Array | null;
  readonly segments: readonly Uint8Array[];
}

/** Rounds at different points of their lives: before the start, live, over, settled, cancelled. */
function savedRounds(random: Prng): Saved[] {
  return Array.from({ length: ROUNDS }, (_, no) => {
    const round = new RoundDriver(terms);
    if (no > 0) play(round, random);
    if (no === 5) round.runTo(END + 3_000);
    if (no === 6) {
      round.runTo(END + 3_000);
      const txids = ['ab'.repeat(32), 'cd'.repeat(32)] as never[];
      round.send({ kind: 'settlement', progress: { status: 'accepted', txids } as never });
    }
    if (no === 7) round.send({ kind: 'cancel', reason: 'the stage is flooded' } as never);
    return {
      snapshot: encodeSnapshot(round.state),
      base: round.snapshot?.bytes ?? null,
      segments: round.segments.map(({ bytes }) => bytes),
    };
  });
}

function play(round: RoundDriver, random: Prng): void {
  round.runTo(START);
  const slots = Array.from({ length: 1 + random.below(5) }, (_, no) =>
    round.open({ stream: no + 1, payer: 1 + random.below(4) }),
  );
  for (let turn = 0; turn < 20; turn++) {
    round.nowMs += random.below(2_000);
    const slot = slots[random.below(slots.length)] ?? 0;
    const conn = slot + 1;
    const [target, chain] = [random.below(3), random.below(2)];
    const tip = round.state.streams.number(slot, TIPS + chain);
    const index = tip + 1 + random.below(3);
    const common = { edge: 0, conn, slot, target };
    if (turn % 4 === 0) round.send({ kind: 'clap', ...common, count: random.below(90) });
    else if (turn % 7 === 0) round.send({ kind: 'vote', ...common });
    else if (turn % 5 === 0) round.send({ kind: 'watch', slot, target });
    else round.send(round.words({ slot, index, chain, target, gift: chain === 1, conn }));
  }
}

/** What restoring documents, for bytes that are cut off and for those that do not add up. */
function isDocumented(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'STORE_FAILED';
}

function restored(snapshot: Uint8Array | null, segments: readonly Uint8Array[]): RoundState | undefined {
  try {
    return restoreRound({ terms, epoch: 2, snapshot, segments });
  } catch (error) {
    if (isDocumented(error)) return undefined;
    throw error;
  }
}

/** The state is one that a round could be in: it adds up, saves itself exactly, and runs to its end. */
function checkState(state: RoundState): void {
  const { streams } = state;
  for (let slot = 0; slot < streams.count; slot++) {
    let worth = 0;
    for (let chain = 0; chain < streams.number(slot, CHAIN_COUNT); chain++) {
      worth += streams.number(slot, TIPS + chain) * streams.number(slot, UNITS + chain);
      const within = streams.number(slot, TIPS + chain) <= streams.chainLength(slot, chain);
      insist(within, 'accepted a tip beyond the end of its chain');
    }
    insist(worth === streams.amount(slot, PAID), 'accepted payments that no words prove');
    insist(streams.name(slot).length <= LIMITS.nameCharsMax, 'accepted a name that no viewer may have');
  }
  const bytes = encodeSnapshot(state);
  const again = restored(bytes, []);
  insist(
    again !== undefined && equalBytes(encodeSnapshot(again), bytes),
    'its own snapshot is another state',
  );
  for (const nowMs of [T0 + 6_000, END + 1, END + 60_000]) step(state, nowMs, [{ kind: 'tick' }]);
}

export const snapshots: Target = {
  name: 'snapshots',
  corpus: (random) => savedRounds(random).map(({ snapshot }) => snapshot),
  run(input): CaseOutcome {
    const state = restored(Uint8Array.from(input), []);
    if (state === undefined) return 'refused';
    insist(equalBytes(encodeSnapshot(state), input), 'accepted, but is the snapshot of another state');
    checkState(state);
    return 'accepted';
  },
};

/** Inputs are one segment each, put in the place of the one it was made of. */
function segmentTarget(): Target {
  let rounds: readonly Saved[] = [];
  return {
    name: 'segments',
    corpus(random) {
      rounds = savedRounds(random).filter((saved) => saved.segments.length > 0);
      return rounds.flatMap((saved) => saved.segments);
    },
    run(input): CaseOutcome {
      if (rounds.length === 0) throw new Error('the corpus comes first');
      let outcome: CaseOutcome = 'refused';
      for (const saved of rounds) {
        const at = placeOf(saved, input);
        const state = restored(saved.base, [...saved.segments.slice(0, at), Uint8Array.from(input)]);
        if (state === undefined) continue;
        checkState(state);
        outcome = 'accepted';
      }
      return outcome;
    },
  };
}

/** Before the first segment with the same number, which is where it would be read. */
function placeOf(saved: Saved, input: Uint8Array): number {
  const number = Buffer.from(input.subarray(4, 12)).toString('hex');
  const at = saved.segments.findIndex((one) => Buffer.from(one.subarray(4, 12)).toString('hex') === number);
  return Math.max(0, at);
}

export const segments: Target = segmentTarget();
