/** What the API tells about a settled round, from the stored settlement. */
import { assert } from '../core/assert.ts';
import type { RoundResults } from '../ports/engine.ts';
import type { SettlementRecord } from '../ports/store.ts';
import { divisionOfStatement } from './draft.ts';
import { decodePlan, minerFeeSats } from './plan.ts';
import { decodeStatementHead } from './statement-codec.ts';

/** 'planned' until every transaction is accepted, 'accepted' until every one is mined. */
export function stageOf(record: Pick<SettlementRecord, 'transactions'>): 'planned' | 'accepted' | 'mined' {
  const { transactions } = record;
  if (transactions.every(({ status }) => status === 'mined')) return 'mined';
  return transactions.every(({ status }) => status !== 'planned') ? 'accepted' : 'planned';
}

export function resultsOf(record: SettlementRecord): Omit<RoundResults, 'phase'> {
  const head = decodeStatementHead(record.statement);
  assert(head !== undefined, 'a stored statement can be read');
  const { terms, outcome } = head;
  const plan = decodePlan(record.plan);
  const division = divisionOfStatement({ terms, ...outcome });
  const ranking = outcome.participants
    .map((_, index) => index)
    .toSorted((a, b) => (outcome.participants[a]?.rank ?? 0) - (outcome.participants[b]?.rank ?? 0));
  const { totals } = plan;
  return {
    roundId: record.roundId,
    result: {
      ranking,
      paidSats: totals.paidSats,
      directSats: totals.directSats,
      poolSats: totals.poolSats,
      platformSats: totals.platformSats,
      participantSats: division.directSats.map((direct, index) => direct + (division.rankSats[index] ?? 0)),
      txids: record.transactions.map(({ txid }) => txid),
      status: stageOf(record),
    },
    minerFeeSats: minerFeeSats(plan),
    carriedSats: totals.carriedSats,
    refundedSats: totals.refundedSats,
    transactions: record.transactions.map(({ txid, status, blockHeight, feeSats }) => ({
      txid,
      status,
      blockHeight,
      feeSats,
    })),
  };
}
