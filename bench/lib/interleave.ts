/**
 * Runs variants of a measurement in turns, so that whatever the machine does meanwhile is shared by all: A B, B A,
 * A B ... (the order turns round, as the second of a pair may find a warmer machine).
 */

/** Every variant once per repeat, one at a time; the values in the order of the repeats. */
export async function interleave<K extends string, T>(
  repeats: number,
  variants: Readonly<Record<K, (repeat: number) => Promise<T>>>,
): Promise<Record<K, T[]>> {
  const names = Object.keys(variants) as K[];
  const values = {} as Record<K, T[]>;
  for (const name of names) values[name] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const name of repeat % 2 === 0 ? names : names.toReversed()) {
      values[name].push(await variants[name](repeat));
    }
  }
  return values;
}
