/**
 * How a round is divided, worked out a second time: from the design (section 4), in big integers, without the ledger's
 * code. What settlement books is compared with this.
 */
import type { RoundStatement } from '../../round/statement.ts';

/** Largest remainder; ties go to the earlier part. */
function split(total: bigint, weights: readonly bigint[]): bigint[] {
  const whole = weights.reduce((sum, weight) => sum + weight, 0n);
  const parts = weights.map((weight) => (total * weight) / whole);
  let rest = total - parts.reduce((sum, part) => sum + part, 0n);
  const order = weights
    .map((weight, at) => ({ at, remainder: (total * weight) % whole }))
    .toSorted((a, b) => (a.remainder === b.remainder ? a.at - b.at : a.remainder > b.remainder ? -1 : 1));
  for (const { at } of order) {
    if (rest === 0n) break;
    parts[at] = (parts[at] as bigint) + 1n;
    rest -= 1n;
  }
  return parts;
}

/** By ledger account: what the payees of the round get. */
export function expectedShares(statement: RoundStatement): Map<string, bigint> {
  const { terms, participants, supporters } = statement;
  const shares = new Map<string, bigint>();
  const give = (account: string, sats: bigint): void =>
    void shares.set(account, (shares.get(account) ?? 0n) + sats);
  let pool = 0n;
  for (const [at, { account }] of terms.participants.entries()) {
    const paid = BigInt(participants[at]?.paidSats ?? 0);
    const [direct = 0n] = split(paid, [BigInt(terms.directBps), BigInt(10_000 - terms.directBps)]);
    give(`earned:${account}`, direct);
    pool += paid - direct;
  }
  if (pool === 0n) return shares;
  const ranks = Math.min(terms.prize.rankBps.length, participants.length);
  const places = Math.min(terms.prize.supporterBps.length, supporters.length);
  const weights = [
    ...terms.prize.rankBps.slice(0, ranks),
    ...terms.prize.supporterBps.slice(0, places),
    terms.prize.platformBps,
  ];
  for (const [at, sats] of split(pool, weights.map(BigInt)).entries()) {
    if (at < ranks) {
      const winner = participants.findIndex(({ rank }) => rank === at + 1);
      give(`earned:${terms.participants[winner]?.account}`, sats);
    } else if (at < ranks + places) give(`earned:${supporters[at - ranks]?.account}`, sats);
    else give(`platform:${terms.platformAccount}`, sats);
  }
  return shares;
}
