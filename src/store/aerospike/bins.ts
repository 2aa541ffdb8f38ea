/** Bins as they are read: of the type they were written with, or missing, which counts as empty. */
import { Packr } from 'msgpackr';
import { assert } from '../../core/assert.ts';
import type { At, Bins } from './mutation.ts';

export function integerOf(bins: Bins | undefined, bin: string): number {
  const value = bins?.[bin] ?? 0;
  assert(typeof value === 'number' && Number.isSafeInteger(value), `bin ${bin} is not an integer`);
  return value;
}

export function textOf(bins: Bins | undefined, bin: string): string {
  const value = bins?.[bin] ?? '';
  assert(typeof value === 'string', `bin ${bin} is not a string`);
  return value;
}

/** Entries of a map bin with string keys. */
export function mapOf(bins: Bins | undefined, bin: string): Readonly<Record<string, unknown>> {
  const value = bins?.[bin] ?? {};
  assert(typeof value === 'object' && !Array.isArray(value), `bin ${bin} is not a map`);
  return value as Readonly<Record<string, unknown>>;
}

export function listOf(bins: Bins | undefined, bin: string): readonly unknown[] {
  const value = bins?.[bin] ?? [];
  assert(Array.isArray(value), `bin ${bin} is not a list`);
  return value;
}

/** Bytes of the caller's own. */
export function bytesOf(bins: Bins | undefined, bin: string): Uint8Array {
  const value = bins?.[bin];
  assert(value instanceof Uint8Array, `bin ${bin} has no bytes`);
  return new Uint8Array(value);
}

export function existing(bins: Bins | undefined, at: At): Bins {
  assert(bins !== undefined, `record ${at.set}/${at.key} is referred to and not there`);
  return bins;
}

/** Plain msgpack, readable by any decoder. */
const packr = new Packr({ useRecords: false });

export function pack(value: unknown): Uint8Array {
  return packr.pack(value);
}

export function unpack(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}
