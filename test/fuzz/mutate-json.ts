/** JSON documents that are almost right: a value replaced, left out, doubled, moved or nested, anywhere. */
import type { Prng } from '../../src/core/prng.ts';
import { pick } from './mutate.ts';

type Json = unknown;

const ODD_VALUES: readonly Json[] = [
  null,
  true,
  0,
  1,
  -1,
  0.5,
  1e21,
  255,
  65_535,
  65_536,
  4_294_967_295,
  4_294_967_296,
  2_100_000_000_000_000,
  2_100_000_000_000_001,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 1,
  '',
  '0',
  'a',
  '00',
  'zz',
  '\u0000',
  '\ufeffx',
  '\ud800',
  '__proto__',
  'constructor',
  'time',
  'height',
  [],
  {},
  [[]],
  { length: 3 },
  JSON.parse('{"__proto__":{"polluted":true}}'),
];

const DIGITS = '0123456789abcdefz"\\ \u2028'.split('');

interface Place {
  readonly holder: Json[] | Record<string, Json>;
  readonly key: string | number;
}

/** A copy of the document with one to three changes. Keys keep their order. */
export function mutatedJson(document: Json, random: Prng): Json {
  const root = { document: structuredClone(document) };
  for (let left = 1 + random.below(3); left > 0; left--) change(root, random);
  return root.document;
}

function change(root: Record<string, Json>, random: Prng): void {
  const places: Place[] = [];
  collect(root, places);
  if (places.length === 0) return; // a change before this one took everything away
  const { holder, key } = pick(random, places);
  const value = at(holder, key);
  switch (random.below(8)) {
    case 0:
      return put(holder, key, structuredClone(pick(random, ODD_VALUES)));
    case 1:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else Reflect.deleteProperty(holder, key);
      return;
    case 2: // doubled, or moved to the end
      if (Array.isArray(holder)) holder.push(structuredClone(value));
      else put(holder, `${String(key)}2`, structuredClone(value));
      return;
    case 3: {
      const other = pick(random, places);
      return put(holder, key, structuredClone(at(other.holder, other.key)));
    }
    case 4: {
      let deep: Json = value;
      for (let depth = random.below(30); depth >= 0; depth--) deep = depth % 2 === 0 ? [deep] : { a: deep };
      return put(holder, key, deep);
    }
    default:
      return put(holder, key, near(value, random));
  }
}

/** A value of the same type, close by. */
function near(value: Json, random: Prng): Json {
  if (typeof value === 'number') return value + pick(random, [-1, 1, 2, 256, 65_536, -value, value]);
  if (typeof value === 'boolean') return !value;
  if (Array.isArray(value)) return random.chance(0.5) ? value.toReversed() : value.slice(1);
  if (typeof value !== 'string' || value === '') return structuredClone(pick(random, ODD_VALUES));
  const index = random.below(value.length);
  const digit = pick(random, DIGITS);
  switch (random.below(4)) {
    case 0:
      return value.slice(0, index);
    case 1:
      return value.slice(0, index) + digit + digit + value.slice(index);
    case 2:
      return value.repeat(1 + random.below(4));
    default:
      return value.slice(0, index) + digit + value.slice(index + 1);
  }
}

function collect(value: Json, places: Place[]): void {
  if (typeof value !== 'object' || value === null) return;
  const holder = value as Json[] | Record<string, Json>;
  const keys = Array.isArray(holder) ? holder.keys() : Object.keys(holder);
  for (const key of keys) {
    places.push({ holder, key });
    collect(at(holder, key), places);
  }
}

function at(holder: Place['holder'], key: string | number): Json {
  return Array.isArray(holder) ? holder[Number(key)] : holder[key];
}

function put(holder: Place['holder'], key: string | number, value: Json): void {
  if (Array.isArray(holder)) holder[Number(key)] = value;
  else holder[key] = value;
}
