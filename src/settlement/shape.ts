/**
 * Shapes of JSON documents: a shape takes any value and gives back the same value with its keys in the shape's
 * order, or throws a ShapeError that names the place. Nothing missing, nothing extra, no conversions.
 */
import { isSats, type Sats } from '../core/sats.ts';

export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

export type Shape<T> = (value: unknown, path: string) => T;

function fail(path: string, wanted: string): never {
  throw new ShapeError(`${path === '' ? 'the document' : path} has to be ${wanted}`);
}

/** Well-formed, as a lone surrogate has no UTF-8; at most `max` UTF-16 code units. */
export function text(max: number): Shape<string> {
  return (value, path) =>
    typeof value === 'string' && value.isWellFormed() && value.length <= max
      ? value
      : fail(path, `text of at most ${max} characters`);
}

/** A safe integer from 0 to `max`. */
export function integer(max: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  return (value, path) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max
      ? value
      : fail(path, `an integer from 0 to ${max}`);
}

export const amount: Shape<Sats> = (value, path) => (isSats(value) ? value : fail(path, 'an amount in sats'));

/** Lower-case hex of that many bytes, or of any whole number of bytes. */
export function hex<T extends string = string>(bytes?: number): Shape<T> {
  const pattern = bytes === undefined ? /^(?:[0-9a-f]{2})*$/ : new RegExp(`^[0-9a-f]{${2 * bytes}}$`);
  return (value, path) =>
    typeof value === 'string' && pattern.test(value)
      ? (value as T)
      : fail(path, `lower-case hex${bytes === undefined ? '' : ` of ${bytes} bytes`}`);
}

export function oneOf<const T extends string | number>(...values: readonly T[]): Shape<T> {
  return (value, path) =>
    values.find((each) => each === value) ?? fail(path, `one of ${values.map(String).join(', ')}`);
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === null ? null : shape(value, path));
}

export function list<T>(shape: Shape<T>, max: number): Shape<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > max) fail(path, `a list of at most ${max}`);
    return value.map((item, index) => shape(item, `${path}[${index}]`));
  };
}

export function record<T extends object>(fields: { readonly [K in keyof T]: Shape<T[K]> }): Shape<T> {
  const shapes = Object.entries<Shape<unknown>>(fields);
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'an object');
    const given = new Map<string, unknown>(Object.entries(value));
    const out: Record<string, unknown> = {};
    for (const [key, shape] of shapes) {
      const at = path === '' ? key : `${path}.${key}`;
      if (!given.has(key)) fail(at, 'there');
      out[key] = shape(given.get(key), at);
    }
    const extra = [...given.keys()].find((key) => !Object.hasOwn(fields, key));
    if (extra !== undefined) fail(path, `without ${JSON.stringify(extra)}`);
    return out as T;
  };
}
