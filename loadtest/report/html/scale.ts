/** From values to places on an axis: round ticks, and where between 0 and 1 a value is. */

export interface Scale {
  /** Ascending; the first and last one are the ends of the axis. */
  readonly ticks: readonly number[];
  /** 0 at the first tick, 1 at the last. */
  readonly place: (value: number) => number;
}

/** Ticks that are wanted, about. */
const STEPS = 4;

/** From zero to above `max`, in steps of 1, 2 or 5 times a power of ten, but none below `stepMin`. */
export function linearScale(max: number, stepMin = 0): Scale {
  const top = max > 0 ? max : 1;
  const power = 10 ** Math.floor(Math.log10(top / STEPS));
  const fitting = power * ([1, 2, 5, 10].find((factor) => power * factor * STEPS >= top * (1 - 1e-9)) ?? 10);
  const step = Math.max(fitting, stepMin);
  const count = Math.ceil((top / step) * (1 - 1e-9));
  const ticks = Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(12)));
  const end = ticks.at(-1) ?? 1;
  return { ticks, place: (value) => Math.min(1, Math.max(0, value / end)) };
}

/** Logarithmic, for values above zero that differ by powers: ticks at 1, 2, 5, or only at powers of ten when these are many. */
export function logScale(min: number, max: number): Scale {
  const low = Math.max(1e-3, Math.min(min, max));
  const high = Math.max(low, max);
  const factors = high / low > 500 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  // From one power below: the logarithm of what is just under a power of ten may be rounded up to it.
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)) + 1; power++) {
    ticks.push(...factors.map((factor) => Number((factor * 10 ** power).toPrecision(3))));
  }
  const first = ticks.findLastIndex((tick) => tick <= low);
  const last = ticks.findIndex((tick) => tick > high);
  const shown = ticks.slice(Math.max(0, first), last + 1);
  const from = Math.log(shown[0] ?? 1);
  const range = Math.log(shown.at(-1) ?? 10) - from;
  return {
    ticks: shown,
    place: (value) => (value <= 0 ? 0 : Math.min(1, Math.max(0, (Math.log(value) - from) / range))),
  };
}
