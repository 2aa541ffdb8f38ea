/**
 * Satoshis: safe integers, branded so that a count or a time cannot be passed for money.
 * Bound: all BSV that can exist is 2.1e15 sats, below 2^53, so sums of real balances stay exact.
 */
import { assert } from './assert.ts';

export type Sats = number & { readonly __unit: 'sats' };

export const SATS_MAX = 2_100_000_000_000_000;
export const ZERO_SATS: Sats = 0 as Sats;

/** Basis points: 10,000 are the whole. */
export const BPS_WHOLE = 10_000;

export function isSats(value: unknown): value is Sats {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= SATS_MAX;
}

/** Brands a number that must be an amount; asserts 0 <= value <= SATS_MAX and an integer. */
export function sats(value: number): Sats {
  assert(isSats(value), `not an amount in sats: ${value}`);
  return value;
}

export function addSats(a: Sats, b: Sats): Sats {
  return sats(a + b);
}

/** Asserts that the difference is not negative: use a comparison first where it may be. */
export function subSats(a: Sats, b: Sats): Sats {
  return sats(a - b);
}

export function sumSats(amounts: Iterable<Sats>): Sats {
  let total = 0;
  for (const amount of amounts) total += amount;
  return sats(total);
}
