/**
 * Latencies as HDR histograms: recorded in the processes of the generator, sent as text, merged in the parent. In
 * microseconds inside, in milliseconds outside; three significant digits.
 */
import {
  type Histogram,
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
} from 'hdr-histogram-js';
import type { Latency } from '../run-result.ts';

/** An error that is none of the engine's: clocks of the processes that differ. */
export const SEEN_BEFORE_DUE = 'SEEN_BEFORE_DUE';
/** Nothing is waited for longer. */
const LONGEST_US = 3_600_000_000;

export class LatencyHistogram {
  readonly #histogram: Histogram = build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_US,
    numberOfSignificantValueDigits: 3,
  });

  get count(): number {
    return this.#histogram.totalCount;
  }

  get maxMs(): number {
    return this.count === 0 ? 0 : this.#histogram.maxValue / 1_000;
  }

  record(ms: number): void {
    this.#histogram.recordValue(Math.min(Math.max(Math.round(ms * 1_000), 1), LONGEST_US));
  }

  percentileMs(percentile: number): number {
    return this.#histogram.getValueAtPercentile(percentile) / 1_000;
  }

  /** What was recorded since the last time; null: nothing. */
  take(): string | null {
    if (this.count === 0) return null;
    const text = encodeIntoCompressedBase64(this.#histogram);
    this.#histogram.reset();
    return text;
  }

  add(taken: string | null): void {
    if (taken !== null) this.#histogram.add(decodeFromCompressedBase64(taken, 32));
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** Null: nothing was recorded. */
  summary(): Latency | null {
    if (this.count === 0) return null;
    return {
      count: this.count,
      meanMs: this.#histogram.mean / 1_000,
      p50Ms: this.percentileMs(50),
      p90Ms: this.percentileMs(90),
      p99Ms: this.percentileMs(99),
      p999Ms: this.percentileMs(99.9),
      maxMs: this.maxMs,
    };
  }
}
