/** The statement of a round that is over, from its state. Pure. */
import { assert } from '../core/assert.ts';
import { LIMITS } from '../core/limits.ts';
import { type Sats, sats, sumSats } from '../core/sats.ts';
import { type Division, divideRound } from '../ledger/divide.ts';
import { ranksOf, scoresOf } from './ranking.ts';
import type { RoundState } from './state.ts';
import type { RoundStatement, StatementParticipant, StatementStream } from './statement.ts';
import { unpackSigned } from './static-record.ts';
import { CHAIN_COUNT, HOLD, PAID, TIPS } from './stream-table.ts';
import { topSupporters } from './supporters.ts';

/** Asserts that the round has ended and that streams and participants agree to the sat. */
export function buildStatement(state: RoundState): RoundStatement {
  const { facts, terms, streams } = state;
  assert(facts.startedAtMs !== null && facts.endedAtMs !== null, 'a statement is of a round that has ended');
  const rows = Array.from({ length: streams.count }, (_, slot) => streamOf(state, slot));
  const participants = participantsOf(state);
  const paid = sumSats(participants.map((participant) => participant.paidSats));
  assert(sumSats(rows.map((row) => row.paidSats)) === paid, 'streams and participants agree');
  return {
    terms,
    startedAtMs: facts.startedAtMs,
    endedAtMs: facts.endedAtMs,
    overtimeCount: facts.overtimeCount,
    participants,
    supporters: supportersOf(state),
    streams: rows.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1)),
  };
}

/** The same division that settlement makes of the statement. */
export function divisionOf(state: RoundState): Division {
  const { terms } = state;
  const participants = participantsOf(state).map(({ paidSats, rank }, index) => {
    const account = terms.participants[index]?.account;
    assert(account !== undefined, 'every participant has terms');
    return { account, paidSats, rank };
  });
  return divideRound({
    participants,
    supporters: supportersOf(state),
    directBps: terms.directBps,
    prize: terms.prize,
  });
}

function supportersOf(state: RoundState): RoundStatement['supporters'] {
  return topSupporters(state.viewers, LIMITS.prizeSupportersMax).map(({ account, paidSats }) => ({
    account,
    paidSats,
  }));
}

function participantsOf(state: RoundState): StatementParticipant[] {
  const { totals } = state;
  const scores = scoresOf(state);
  const ranks = ranksOf(state.session.ranking);
  return scores.map((score, index) => ({
    paidSats: sats(totals.sats[index] as number),
    votes: totals.votes[index] as number,
    claps: totals.claps[index] as number,
    score,
    rank: ranks[index] as number,
  }));
}

function streamOf(state: RoundState, slot: number): StatementStream {
  const { streams } = state;
  const amount = (column: number): Sats => sats(streams.amount(slot, column));
  return {
    signed: unpackSigned(streams.record(slot)),
    name: streams.name(slot),
    tips: Array.from({ length: streams.number(slot, CHAIN_COUNT) }, (_, chain) => ({
      index: streams.number(slot, TIPS + chain),
      word: streams.word(slot, chain),
    })),
    targets: state.terms.participants.map((_, target) => ({
      watchSats: amount(streams.targetColumn(target, false)),
      giftSats: amount(streams.targetColumn(target, true)),
    })),
    paidSats: amount(PAID),
    holdSats: amount(HOLD),
  };
}

function idOf(row: StatementStream): string {
  return row.signed.commitment.streamId;
}
