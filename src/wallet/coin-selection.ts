/**
 * Which coins pay for which transaction, and how change is cut. Pure and deterministic. No transaction spends
 * the change of another of the same request, so each can be accepted without the others.
 */
import { assert } from '../core/assert.ts';
import { feeSatsFor } from '../core/fees.ts';
import type { PayoutPart, PayoutRequest, TreasuryCoin } from '../ports/payouts.ts';
import { rawBytesMax } from './sizes.ts';

/** A coin below this costs too much of itself to be worth keeping apart. */
const CHANGE_COIN_SATS_MIN = 1_000;
/** Change is only split into coins of at least this. */
const SPLIT_COIN_SATS_MIN = 100_000;
const CHANGE_COINS_MAX = 8;

export interface Funding {
  readonly part: PayoutPart;
  readonly spends: readonly TreasuryCoin[];
  readonly changeSats: readonly number[];
  readonly feeSats: number;
}

/** Undefined when the coins do not cover every part. */
export function fundParts(request: PayoutRequest): readonly Funding[] | undefined {
  const free = [...request.coins];
  let coinsLeft = free.length;
  const fundings: Funding[] = [];
  for (const part of request.parts) {
    const spends = takeCoins(free, part, request.feeSatsPerKb);
    if (spends === undefined) return undefined;
    coinsLeft -= spends.length;
    const funding = cutChange(part, spends, request, request.coinsWanted - coinsLeft);
    coinsLeft += funding.changeSats.length;
    fundings.push(funding);
  }
  return fundings;
}

/** Removes from `free`: the smallest single coin that is enough, or else the largest ones together. */
function takeCoins(free: TreasuryCoin[], part: PayoutPart, feeSatsPerKb: number): TreasuryCoin[] | undefined {
  const needSats = (inputs: number): number =>
    payeeSats(part) + CHANGE_COIN_SATS_MIN + feeOf(part, inputs, CHANGE_COINS_MAX, feeSatsPerKb);
  const single = free.findLastIndex((coin) => coin.sats >= needSats(1));
  if (single >= 0) return free.splice(single, 1);
  let total = 0;
  for (const [index, coin] of free.entries()) {
    total += coin.sats;
    if (total >= needSats(index + 1)) return free.splice(0, index + 1);
  }
  return undefined;
}

function cutChange(
  part: PayoutPart,
  spends: readonly TreasuryCoin[],
  request: PayoutRequest,
  missingCoins: number,
): Funding {
  const inputSats = spends.reduce((sum, coin) => sum + coin.sats, 0);
  const restSats = inputSats - payeeSats(part);
  const affordable = Math.floor(restSats / SPLIT_COIN_SATS_MIN);
  const coins = Math.max(1, Math.min(missingCoins, affordable, CHANGE_COINS_MAX));
  const feeSats = feeOf(part, spends.length, coins, request.feeSatsPerKb);
  const changeSats = restSats - feeSats;
  assert(changeSats >= CHANGE_COIN_SATS_MIN, 'the coins leave change');
  const each = Math.floor(changeSats / coins);
  const cut = Array.from({ length: coins }, (_, no) => (no === 0 ? changeSats - each * (coins - 1) : each));
  return { part, spends, changeSats: cut, feeSats };
}

function feeOf(part: PayoutPart, inputs: number, changeCoins: number, feeSatsPerKb: number): number {
  const shape = {
    inputs,
    p2pkhOutputs: part.payees.length + changeCoins,
    dataScriptBytes: part.dataScript.length,
  };
  return feeSatsFor(rawBytesMax(shape), feeSatsPerKb);
}

function payeeSats(part: PayoutPart): number {
  return part.payees.reduce((sum, payee) => sum + payee.sats, 0);
}
