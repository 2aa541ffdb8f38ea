/** What the streams add up to: participants' sums, supporters, scores and ranks. */
import { type AccountId, compareIds } from '../../core/ids.ts';
import { LIMITS } from '../../core/limits.ts';
import { isSats } from '../../core/sats.ts';
import { rankScores, ranksOf, scoreOf } from '../../round/ranking.ts';
import type { RoundStatement } from '../../round/statement.ts';
import { firstProblem } from './check.ts';

export function participantProblem(statement: RoundStatement): string | undefined {
  const { terms, participants, streams } = statement;
  if (participants.length !== terms.participants.length) return 'not every participant has a result';
  return firstProblem(participants, 'participant', ({ paidSats }, index) => {
    let sum = 0;
    for (const { targets } of streams) {
      const target = targets[index];
      sum += (target?.watchSats ?? 0) + (target?.giftSats ?? 0);
      if (!isSats(sum)) return 'the streams paid more than can exist';
    }
    return sum === paidSats ? undefined : `the streams paid ${sum} sats, not ${paidSats}`;
  });
}

export function supporterProblem(statement: RoundStatement): string | undefined {
  const paid = new Map<AccountId, number>();
  for (const { signed, paidSats } of statement.streams) {
    const { payer } = signed.commitment;
    paid.set(payer, (paid.get(payer) ?? 0) + paidSats);
  }
  const top = [...paid]
    .filter(([, sats]) => sats > 0)
    .toSorted(([a, aSats], [b, bSats]) => bSats - aSats || compareIds(a, b))
    .slice(0, LIMITS.prizeSupportersMax);
  const listed = statement.supporters;
  if (listed.length !== top.length) return `there are ${top.length}, not ${listed.length}`;
  return firstProblem(listed, 'supporter', ({ account, paidSats }, index) => {
    const [topAccount, topSats] = top[index] ?? [];
    return account === topAccount && paidSats === topSats ? undefined : 'is not who paid that much';
  });
}

/** Votes and claps are taken as stated. */
export function rankingProblem(statement: RoundStatement): string | undefined {
  const { terms, participants } = statement;
  const scores = participants.map(({ paidSats, votes, claps }) =>
    scoreOf(terms.scoring, { sats: paidSats, votes, claps }),
  );
  const ranks = ranksOf(rankScores(scores));
  return firstProblem(participants, 'participant', ({ score, rank }, index) => {
    if (score !== scores[index]) return `the score is ${scores[index]}, not ${score}`;
    return rank === ranks[index] ? undefined : `the rank is ${ranks[index]}, not ${rank}`;
  });
}
