/** Percentiles of a list of samples by the nearest-rank method; zeros when there are none. */

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const round = (value: number): number => Math.round(value * 10) / 10;

export function percentilesOf(samples: readonly number[]): Percentiles {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return { p50: round(at(0.5)), p99: round(at(0.99)), max: round(at(1)) };
}
