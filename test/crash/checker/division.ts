/** Section 5 of docs/RECEIPT.md once more, in big integers: who gets what of a round. */
import type { Outcome, Payee, Receipt, Terms, Totals } from './receipt.ts';

const PAYEES_PER_TRANSACTION = 2_000;
const SUPPORTERS_MAX = 50;

/** Largest remainder, ties to the earlier part. */
export function share(total: bigint, weights: readonly number[]): bigint[] {
  const whole = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  if (whole === 0n) return weights.map(() => 0n);
  const parts = weights.map((weight) => (total * BigInt(weight)) / whole);
  const left = Number(total - parts.reduce((sum, part) => sum + part, 0n));
  const remainders = weights.map((weight, at) => ({ at, rest: (total * BigInt(weight)) % whole }));
  const byRest = remainders.toSorted((a, b) => (a.rest === b.rest ? a.at - b.at : a.rest > b.rest ? -1 : 1));
  for (const { at } of byRest.slice(0, left)) parts[at] = (parts[at] ?? 0n) + 1n;
  return parts;
}

export interface Division {
  /** Without `carriedInSats`, which only earlier rounds can tell. */
  readonly payees: readonly { readonly kind: string; readonly account: string; readonly shareSats: bigint }[];
  readonly paidSats: bigint;
  readonly directSats: bigint;
  readonly poolSats: bigint;
  readonly platformSats: bigint;
}

export function divide(terms: Terms, outcome: Pick<Outcome, 'participants' | 'supporters'>): Division {
  const { directBps, prize, participants } = terms;
  const paid = outcome.participants.map(({ paidSats }) => BigInt(paidSats));
  const direct = paid.map((sats) => share(sats, [directBps, 10_000 - directBps])[0] ?? 0n);
  const paidSats = paid.reduce((sum, sats) => sum + sats, 0n);
  const directSats = direct.reduce((sum, sats) => sum + sats, 0n);
  const poolSats = paidSats - directSats;
  const ranks = prize.rankBps.slice(0, participants.length);
  const places = prize.supporterBps.slice(0, outcome.supporters.length);
  const pool = share(poolSats, [...ranks, ...places, prize.platformBps]);
  const platformSats = pool.at(-1) ?? 0n;

  const payees = new Map<string, { kind: string; account: string; shareSats: bigint }>();
  const add = (kind: string, account: string, sats: bigint): void => {
    const key = kind === 'platform' ? 'platform' : account;
    const known = payees.get(key);
    if (known === undefined) payees.set(key, { kind, account, shareSats: sats });
    else known.shareSats += sats;
  };
  for (const [at, { account }] of participants.entries()) {
    const rank = outcome.participants[at]?.rank ?? 0;
    const prizeSats = rank >= 1 && rank <= ranks.length ? (pool[rank - 1] ?? 0n) : 0n;
    add('participant', account, (direct[at] ?? 0n) + prizeSats);
  }
  for (const [at, { account }] of outcome.supporters.entries()) {
    if (at < places.length) add('supporter', account, pool[ranks.length + at] ?? 0n);
  }
  add('platform', terms.platformAccount, platformSats);
  return { payees: [...payees.values()], paidSats, directSats, poolSats, platformSats };
}

/** What each payee is due, given what the receipt says was carried in. */
export function payeesDue(receipt: Receipt): Payee[] {
  const division = divide(receipt.terms, receipt.outcome);
  const said = new Map(receipt.payees.map((payee) => [keyOf(payee), payee.carriedInSats]));
  const least = BigInt(Math.max(1, receipt.terms.payoutMinSats));
  let outputs = 0;
  return division.payees.flatMap(({ kind, account, shareSats }): Payee[] => {
    const carriedInSats = division.paidSats === 0n ? 0 : (said.get(keyOf({ kind, account })) ?? 0);
    const due = shareSats + BigInt(carriedInSats);
    if (due === 0n) return [];
    const pays = due >= least && division.paidSats > 0n;
    const place = {
      transaction: Math.floor(outputs / PAYEES_PER_TRANSACTION),
      vout: 1 + (outputs % PAYEES_PER_TRANSACTION),
    };
    if (pays) outputs++;
    return [
      {
        kind,
        account,
        shareSats: Number(shareSats),
        carriedInSats,
        paidSats: pays ? Number(due) : 0,
        output: pays ? place : null,
      },
    ];
  });
}

export function totalsDue(receipt: Receipt, payees: readonly Payee[]): Totals {
  const division = divide(receipt.terms, receipt.outcome);
  const shares = (paid: boolean): number =>
    payees
      .filter(({ kind, output }) => kind !== 'platform' && (output !== null) === paid)
      .reduce((sum, { shareSats }) => sum + shareSats, 0);
  return {
    paidSats: Number(division.paidSats),
    directSats: Number(division.directSats),
    poolSats: Number(division.poolSats),
    payoutSats: shares(true),
    platformSats: Number(division.platformSats),
    carriedSats: shares(false),
    refundedSats: 0,
    minerFeeSats: receipt.transactions.reduce((sum, { feeSats }) => sum + feeSats, 0),
  };
}

/** Participants and supporters as the streams of the receipt have them. */
export function outcomeDue(receipt: Receipt): Pick<Outcome, 'participants' | 'supporters'> {
  const { terms, outcome, streams } = receipt;
  const { satsWeight, voteWeight, clapWeight } = terms.scoring;
  const rows = terms.participants.map((_, at) => {
    const paidSats = streams.reduce((sum, { targets }) => {
      const target = targets[at];
      return sum + (target?.watchSats ?? 0) + (target?.giftSats ?? 0);
    }, 0);
    const { votes = 0, claps = 0 } = outcome.participants[at] ?? {};
    return { paidSats, votes, claps, score: satsWeight * paidSats + voteWeight * votes + clapWeight * claps };
  });
  const order = rows
    .map((_, at) => at)
    .toSorted((a, b) => (rows[b]?.score ?? 0) - (rows[a]?.score ?? 0) || a - b);
  const byPayer = new Map<string, number>();
  for (const { commitment, paidSats } of streams) {
    const payer = commitment.slice(42, 82);
    byPayer.set(payer, (byPayer.get(payer) ?? 0) + paidSats);
  }
  const supporters = [...byPayer]
    .map(([account, paidSats]) => ({ account, paidSats }))
    .filter(({ paidSats }) => paidSats > 0)
    .toSorted((a, b) => b.paidSats - a.paidSats || (a.account < b.account ? -1 : 1))
    .slice(0, SUPPORTERS_MAX);
  return { participants: rows.map((row, at) => ({ ...row, rank: order.indexOf(at) + 1 })), supporters };
}

export function keyOf({ kind, account }: Pick<Payee, 'kind' | 'account'>): string {
  return kind === 'platform' ? 'platform' : account;
}
