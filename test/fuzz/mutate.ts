/** Bytes that nobody means well with: random, mutated, truncated, nested, spliced, with lengths that lie. */
import { concatBytes } from '../../src/core/bytes.ts';
import type { Prng } from '../../src/core/prng.ts';

const RANDOM_BYTES_MAX = 300;
const NESTED_BYTES_MAX = 65_536;

/** Where decoders tend to be wrong by one. */
const EDGES = [
  0,
  1,
  2,
  15,
  16,
  31,
  32,
  33,
  127,
  128,
  253,
  254,
  255,
  256,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
];
const EDGES_WIDE = [2 ** 32 - 1, 2 ** 32, 2_100_000_000_000_000, 2 ** 53 - 1, 2 ** 53];

export function randomBytes(random: Prng, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

export function pick<T>(random: Prng, items: readonly T[]): T {
  return items[random.below(items.length)] as T;
}

type Mutation = (seed: Uint8Array, random: Prng, corpus: readonly Uint8Array[]) => Uint8Array;

/** By weight: a name appears as often as it is wanted. */
const MUTATIONS: readonly Mutation[] = [
  (_, random) => randomBytes(random, random.below(RANDOM_BYTES_MAX)),
  (seed, random) => concatBytes([seed.subarray(0, random.below(8)), randomBytes(random, random.below(120))]),
  edited,
  edited,
  edited,
  edited,
  (seed, random) => seed.slice(0, random.below(seed.length + 1)),
  (seed, random) => concatBytes([seed, randomBytes(random, 1 + random.below(8))]),
  spliced,
  withOtherLength,
  withOtherLength,
  withOtherLength,
  nested,
];

/** One input made of a seed of the corpus. */
export function mutated(random: Prng, corpus: readonly Uint8Array[]): Uint8Array {
  return pick(random, MUTATIONS)(pick(random, corpus), random, corpus);
}

/** One to four small changes. */
function edited(seed: Uint8Array, random: Prng): Uint8Array {
  let bytes = seed;
  for (let left = 1 + random.below(4); left > 0; left--) bytes = editedOnce(bytes, random);
  return bytes;
}

function editedOnce(seed: Uint8Array, random: Prng): Uint8Array {
  const at = random.below(seed.length + 1);
  const length = 1 + random.below(random.chance(0.2) ? 40 : 4);
  const [before, after] = [seed.subarray(0, at), seed.subarray(at)];
  switch (random.below(6)) {
    case 0:
      return concatBytes([before, randomBytes(random, length), after]);
    case 1:
      return concatBytes([before, after.subarray(length)]);
    case 2:
      return concatBytes([before, after.subarray(0, length), after]);
    case 3: {
      const bytes = Uint8Array.from(seed);
      if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return bytes;
    }
    case 4: {
      const bytes = Uint8Array.from(seed);
      if (at < bytes.length) bytes[at] = pick(random, EDGES) & 0xff;
      return bytes;
    }
    default:
      return concatBytes([before, randomBytes(random, length), after.subarray(length)]);
  }
}

/** The beginning of one input and the end of another. */
function spliced(seed: Uint8Array, random: Prng, corpus: readonly Uint8Array[]): Uint8Array {
  const other = pick(random, corpus);
  return concatBytes([
    seed.subarray(0, random.below(seed.length + 1)),
    other.subarray(random.below(other.length + 1)),
  ]);
}

/** Some bytes read as an integer become an edge of its range, one more or less, or the number of bytes left. */
function withOtherLength(seed: Uint8Array, random: Prng): Uint8Array {
  const bytes = Uint8Array.from(seed);
  const width = pick(random, [1, 2, 4, 8]);
  if (bytes.length < width) return bytes;
  const at = random.below(bytes.length - width + 1);
  const little = random.chance(0.7);
  const view = new DataView(bytes.buffer, at, width);
  const now = readUint(view, little);
  const left = bytes.length - at - width;
  const value = pick(random, [now + 1, now - 1, left, left + 1, left - 1, ...EDGES, ...EDGES_WIDE]);
  writeUint(view, Math.max(0, value), little);
  return bytes;
}

function readUint(view: DataView, little: boolean): number {
  if (view.byteLength === 1) return view.getUint8(0);
  if (view.byteLength === 2) return view.getUint16(0, little);
  return view.byteLength === 4 ? view.getUint32(0, little) : Number(view.getBigUint64(0, little));
}

function writeUint(view: DataView, value: number, little: boolean): void {
  if (view.byteLength === 1) view.setUint8(0, value & 0xff);
  else if (view.byteLength === 2) view.setUint16(0, value & 0xffff, little);
  else if (view.byteLength === 4) view.setUint32(0, value >>> 0, little);
  else view.setBigUint64(0, BigInt(value), little);
}

/** The input inside itself, or a short stretch of it repeated very often. */
function nested(seed: Uint8Array, random: Prng): Uint8Array {
  const at = random.below(seed.length + 1);
  const [before, after] = [seed.subarray(0, at), seed.subarray(at)];
  if (random.chance(0.5)) return concatBytes([before, seed, after]);
  const opener = pick(random, [
    Uint8Array.of(0x91),
    Uint8Array.of(0x81, 0xa1, 0x70),
    Uint8Array.of(0x5b),
    seed.subarray(at, at + 1 + random.below(4)),
  ]);
  const times = 1 + random.below(random.chance(0.05) ? NESTED_BYTES_MAX / 4 : 200);
  return concatBytes([before, ...Array.from({ length: times }, () => opener), after]);
}
