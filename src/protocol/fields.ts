/** Checks of decoded msgpack values: each returns the value with its type, or undefined. None throws. */
import { type AccountId, type RoundId, type StreamId, isRoundId } from '../core/ids.ts';
import { toHex } from '../core/bytes.ts';
import { SATS_MAX } from '../core/sats.ts';

/** A whole number in 0..max, in whatever numeric format it was written. */
export function uintField(value: unknown, max: number): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max
    ? value + 0 // -0 becomes 0
    : undefined;
}

export function u32Field(value: unknown): number | undefined {
  return uintField(value, 0xffff_ffff);
}

export function timeField(value: unknown): number | undefined {
  return uintField(value, Number.MAX_SAFE_INTEGER);
}

export function satsField(value: unknown): number | undefined {
  return uintField(value, SATS_MAX);
}

/** A client's request number: 1 and up, because 0 marks what was not asked for. */
export function requestRefField(value: unknown): number | undefined {
  const ref = u32Field(value);
  return ref === 0 ? undefined : ref;
}

export function binField(value: unknown, size: number): Uint8Array | undefined {
  return value instanceof Uint8Array && value.length === size ? value : undefined;
}

export function stringField(value: unknown, charsMax: number): string | undefined {
  return typeof value === 'string' && value.length <= charsMax ? value : undefined;
}

export function booleanField(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

export function oneOfField<T extends string>(value: unknown, all: readonly T[]): T | undefined {
  return all.find((one) => one === value);
}

export function roundIdField(value: unknown): RoundId | undefined {
  return isRoundId(value) ? value : undefined;
}

export function streamIdField(value: unknown): StreamId | undefined {
  const bytes = binField(value, 16);
  return bytes === undefined ? undefined : (toHex(bytes) as StreamId);
}

export function accountIdField(value: unknown): AccountId | undefined {
  const bytes = binField(value, 20);
  return bytes === undefined ? undefined : (toHex(bytes) as AccountId);
}

/** An array of at most `countMax` entries that all satisfy `read`. */
export function listField<T>(
  value: unknown,
  countMax: number,
  read: (entry: unknown) => T | undefined,
): T[] | undefined {
  if (!Array.isArray(value) || value.length > countMax) return undefined;
  const out: T[] = [];
  for (const entry of value) {
    const one = read(entry);
    if (one === undefined) return undefined;
    out.push(one);
  }
  return out;
}

/** Nil, or what `read` accepts. */
export function nullableField<T>(
  value: unknown,
  read: (entry: unknown) => T | undefined,
): T | null | undefined {
  return value === null ? null : read(value);
}

/** Several fields read together: one that is not valid makes the whole undefined. */
export function allDefined<T extends object>(
  values: T,
): { [K in keyof T]: Exclude<T[K], undefined> } | undefined {
  for (const key in values) if (values[key] === undefined) return undefined;
  return values as { [K in keyof T]: Exclude<T[K], undefined> };
}

/**
 * What one line on a screen can show as it was meant: no control characters, no line or paragraph separators, no
 * marks that turn the direction of the text around them, no byte order mark, no lone surrogates.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** Whether a display name or agent text may go on the wire; `charsMax` counts UTF-16 code units, as everywhere here. */
export function isCleanText(text: string, charsMax: number): boolean {
  return text.length <= charsMax && !UNPRINTABLE.test(text) && text.isWellFormed();
}

/** Text that a person reads; see `isCleanText`. */
export function cleanTextField(value: unknown, charsMax: number): string | undefined {
  return typeof value === 'string' && isCleanText(value, charsMax) ? value : undefined;
}
