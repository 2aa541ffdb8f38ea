/**
 * Whether memory grows: samples over time, and the middle of the last third against that of the first, so that one
 * sample taken in the middle of a collection decides nothing.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const MIB = 1024 * 1024;

export interface MemoryBounds {
  readonly heapMiBMax: number;
  readonly rssMiBMax: number;
}

export interface MemoryReport {
  readonly samples: number;
  readonly heapFirstMiB: number;
  readonly heapLastMiB: number;
  readonly heapGrowthMiB: number;
  readonly rssFirstMiB: number;
  readonly rssLastMiB: number;
  readonly rssGrowthMiB: number;
  readonly bounds: MemoryBounds;
  readonly ok: boolean;
}

interface Sample {
  readonly heapMiB: number;
  readonly rssMiB: number;
}

/** A full collection now: what is left is held by somebody. */
const collect: () => void = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

/** Of this process, after a collection. */
export function ownMemory(): Sample {
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapMiB: (heapUsed + external) / MIB, rssMiB: rss / MIB };
}

export class MemoryWatch {
  readonly #bounds: MemoryBounds;
  readonly #samples: Sample[] = [];

  constructor(bounds: MemoryBounds) {
    this.#bounds = bounds;
  }

  add(sample: Sample): void {
    this.#samples.push(sample);
  }

  report(): MemoryReport {
    const third = Math.max(1, Math.floor(this.#samples.length / 3));
    const first = this.#samples.slice(0, third);
    const last = this.#samples.slice(-third);
    const heapGrowthMiB = middle(last.map(heap)) - middle(first.map(heap));
    const rssGrowthMiB = middle(last.map(rss)) - middle(first.map(rss));
    return {
      samples: this.#samples.length,
      heapFirstMiB: round(middle(first.map(heap))),
      heapLastMiB: round(middle(last.map(heap))),
      heapGrowthMiB: round(heapGrowthMiB),
      rssFirstMiB: round(middle(first.map(rss))),
      rssLastMiB: round(middle(last.map(rss))),
      rssGrowthMiB: round(rssGrowthMiB),
      bounds: this.#bounds,
      ok: heapGrowthMiB <= this.#bounds.heapMiBMax && rssGrowthMiB <= this.#bounds.rssMiBMax,
    };
  }
}

const heap = ({ heapMiB }: Sample): number => heapMiB;
const rss = ({ rssMiB }: Sample): number => rssMiB;

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
