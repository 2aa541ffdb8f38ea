/** A live round with many viewers that are linked to one edge, as a shard has it; the words are of no real chain. */
import { assert } from '../../src/core/assert.ts';
import type { ParticipantId } from '../../src/core/ids.ts';
import type { RoundEffect } from '../../src/round/effects.ts';
import { PaymentBatchWriter, PURPOSE_WATCH } from '../../src/round/payment-batch.ts';
import { type RoundState, createRound } from '../../src/round/state.ts';
import { step } from '../../src/round/step.ts';
import { accountNo, START, streamNo, testSigned, testTerms, testWord } from '../../src/round/test-driver.ts';
import type { RoundInput } from '../../src/round/inputs.ts';
import type { RoundTerms } from '../../src/round/terms.ts';

const EDGE = 0;
/** Opened in one step; the round bounds how many may wait for their holds. */
const OPENS = 5_000;
const HOLD_SATS = 50_000;

export interface LiveRound {
  readonly terms: RoundTerms;
  readonly state: RoundState;
  /** Time of the last step. */
  readonly nowMs: number;
}

/** Everybody has opened a stream and paid for one second. */
export function liveRound(viewers: number, participants = 3): LiveRound {
  const terms = longTerms(participants);
  const state = createRound({ terms, epoch: 1, nowMs: terms.lobbyAtMs });
  let nowMs = START;
  for (let from = 0; from < viewers; from += OPENS) {
    const numbers = Array.from({ length: Math.min(OPENS, viewers - from) }, (_, no) => from + no + 1);
    nowMs += 50;
    stepDurably(
      state,
      nowMs,
      numbers.map((no) => openInput(terms, no)),
    );
    nowMs += 50;
    stepDurably(
      state,
      nowMs,
      numbers.map((no): RoundInput => ({ kind: 'held', streamId: streamNo(no), outcome: { ok: true } })),
    );
  }
  nowMs += 1_000;
  stepDurably(state, nowMs, [payment(viewers, 1, participants)]);
  assert(state.streams.count === viewers, 'everybody has a stream');
  return { terms, state, nowMs };
}

/** A step, and another with the answer of the store to its save. */
export function stepDurably(
  state: RoundState,
  nowMs: number,
  inbox: readonly RoundInput[],
): readonly RoundEffect[] {
  const effects = step(state, nowMs, inbox);
  const { underWay } = state.saves;
  if (underWay !== null) effects.push(...step(state, nowMs, [{ kind: 'saved', seq: underWay.seq }]));
  return effects;
}

/** The words with this index of the first so many streams, in one batch. */
export function payment(viewers: number, index: number, participants: number): RoundInput {
  const writer = new PaymentBatchWriter();
  for (let slot = 0; slot < viewers; slot++) {
    writer.add({
      slot,
      index,
      chain: 0,
      purpose: PURPOSE_WATCH,
      target: slot % participants,
      flags: 0,
      conn: slot + 1,
      word: testWord(slot + 1, 0, index),
    });
  }
  return { kind: 'payments', edge: EDGE, batch: writer.take() };
}

function openInput(terms: RoundTerms, no: number): RoundInput {
  return {
    kind: 'open',
    from: { edge: EDGE, conn: no, ref: 1 },
    signed: testSigned(terms, { stream: no, payer: no }),
    name: `viewer ${no}`,
    holdSats: HOLD_SATS,
  };
}

/** Long enough that it is not over while it is measured. */
function longTerms(participants: number): RoundTerms {
  return testTerms({
    participants: Array.from({ length: participants }, (_, no) => ({
      id: `p${no}` as ParticipantId,
      name: `Participant ${no}`,
      account: accountNo(9_000_000 + no),
    })),
    end: { kind: 'time', atMs: START + 86_400_000 },
  });
}
