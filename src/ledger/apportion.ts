/**
 * Largest remainder (Hamilton): divides an amount by integer weights so that the parts always sum to the whole.
 * Exact for every amount up to SATS_MAX without BigInt, because the products it forms stay below 2^53.
 */
import { assert } from '../core/assert.ts';
import { type Sats, ZERO_SATS, sats } from '../core/sats.ts';

/** Sum of the weights of one call. */
export const WEIGHT_SUM_MAX = 10_000_000;

/**
 * Parts of `total` in proportion to `weights`, in their order. What rounding down leaves over goes one sat
 * each to the largest remainders, ties to the lower index. Asserts that the weights are integers from 0 and
 * that their sum is 1 to WEIGHT_SUM_MAX.
 */
export function apportion(total: Sats, weights: readonly number[]): Sats[] {
  let weightSum = 0;
  for (const weight of weights) {
    assert(Number.isSafeInteger(weight) && weight >= 0, `not a weight: ${weight}`);
    weightSum += weight;
  }
  assert(weightSum >= 1 && weightSum <= WEIGHT_SUM_MAX, `weights sum to ${weightSum}`);

  // total x weight / weightSum = whole x weight + rest x weight / weightSum, and rest x weight < 10^14.
  const whole = Math.floor(total / weightSum);
  const rest = total % weightSum;
  const parts: number[] = [];
  const remainders: { readonly index: number; readonly remainder: number }[] = [];
  let given = 0;
  for (const [index, weight] of weights.entries()) {
    const product = rest * weight;
    const remainder = product % weightSum;
    const part = whole * weight + (product - remainder) / weightSum;
    parts.push(part);
    remainders.push({ index, remainder });
    given += part;
  }
  remainders.sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  const left = total - given;
  assert(left >= 0 && left < Math.max(1, weights.length), 'rounding down leaves less than one sat a part');
  for (const { index } of remainders.slice(0, left)) parts[index] = (parts[index] ?? 0) + 1;
  return parts.map((part) => sats(part));
}

/** As many zeros as there are parts, for the case that there is nothing to divide by. */
export function zeroParts(count: number): Sats[] {
  return Array.from({ length: count }, () => ZERO_SATS);
}
