/**
 * How the money of a round is divided: per participant a direct share, the rest into the pool; the pool by the
 * prize table. Pure arithmetic, so that anyone can recompute it from a receipt.
 *
 * Invariant, asserted: paid = direct + pool, and pool = ranks + supporters + platform.
 */
import { assert } from '../core/assert.ts';
import type { AccountId } from '../core/ids.ts';
import { BPS_WHOLE, type Sats, ZERO_SATS, subSats, sumSats } from '../core/sats.ts';
import { apportion, zeroParts } from './apportion.ts';

/** Shares of the pool in basis points (the round's `PrizeTable` has this shape). */
export interface PrizeShares {
  readonly rankBps: readonly number[];
  readonly supporterBps: readonly number[];
  readonly platformBps: number;
}

export interface DivideInput {
  /** In terms order; ranks 1 to n, each once. */
  readonly participants: readonly {
    readonly account: AccountId;
    readonly paidSats: Sats;
    readonly rank: number;
  }[];
  /** Highest first; those without a payment do not belong here. More than there are places is fine. */
  readonly supporters: readonly { readonly account: AccountId; readonly paidSats: Sats }[];
  readonly directBps: number;
  readonly prize: PrizeShares;
}

export interface Division {
  readonly paidSats: Sats;
  /** By participant. */
  readonly directSats: readonly Sats[];
  readonly poolSats: Sats;
  /** Prize of each participant, by participant (not by rank). */
  readonly rankSats: readonly Sats[];
  /** By supporter, as long as the table has places for them. */
  readonly supporterSats: readonly Sats[];
  readonly platformSats: Sats;
}

export function divideRound(input: DivideInput): Division {
  const paidSats = sumSats(input.participants.map((participant) => participant.paidSats));
  const directSats = input.participants.map((participant) =>
    directShare(participant.paidSats, input.directBps),
  );
  const poolSats = subSats(paidSats, sumSats(directSats));
  const pool = dividePool(poolSats, input);
  const division: Division = { paidSats, directSats, poolSats, ...pool };
  assertDivision(division);
  return division;
}

/** Of what was paid for one participant, the part that is theirs at once; half a sat up or down as largest remainder has it. */
export function directShare(paidSats: Sats, directBps: number): Sats {
  return apportion(paidSats, [directBps, BPS_WHOLE - directBps])[0] ?? ZERO_SATS;
}

/** A rank without a participant and a place without a supporter have no weight, so the present ones share theirs. */
function dividePool(
  poolSats: Sats,
  input: DivideInput,
): Pick<Division, 'rankSats' | 'supporterSats' | 'platformSats'> {
  const { participants, supporters, prize } = input;
  assertRanks(participants.map((participant) => participant.rank));
  const ranks = Math.min(prize.rankBps.length, participants.length);
  const places = Math.min(prize.supporterBps.length, supporters.length);
  const weights = [
    ...prize.rankBps.slice(0, ranks),
    ...prize.supporterBps.slice(0, places),
    prize.platformBps,
  ];
  const parts = poolSats === 0 ? zeroParts(weights.length) : apportion(poolSats, weights);
  const rankSats = participants.map((participant) =>
    participant.rank <= ranks ? (parts[participant.rank - 1] ?? ZERO_SATS) : ZERO_SATS,
  );
  return {
    rankSats,
    supporterSats: parts.slice(ranks, ranks + places),
    platformSats: parts[ranks + places] ?? ZERO_SATS,
  };
}

function assertRanks(ranks: readonly number[]): void {
  const inOrder = ranks.toSorted((a, b) => a - b);
  assert(
    inOrder.every((rank, index) => rank === index + 1),
    'ranks are 1 to n, each once',
  );
}

export function assertDivision(division: Division): void {
  const { paidSats, directSats, poolSats, rankSats, supporterSats, platformSats } = division;
  assert(sumSats(directSats) + poolSats === paidSats, 'paid = direct + pool');
  assert(
    sumSats(rankSats) + sumSats(supporterSats) + platformSats === poolSats,
    'pool = ranks + supporters + platform',
  );
}
