import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../core/bytes.ts';
import { Prng } from '../core/prng.ts';
import type { RoundTerms } from '../round/terms.ts';
import { decodeLeaf, encodeLeaf, paidSatsOfLeaf } from './leaf-codec.ts';
import { decodePlan } from './plan.ts';
import { decodeOutcome, encodeOutcome } from './results-codec.ts';
import {
  decodeStatement,
  decodeStatementHead,
  decodeStatementLeaves,
  encodeStatement,
} from './statement-codec.ts';
import { decodeTerms, encodeTerms } from './terms-codec.ts';
import { battle, battleTerms } from './testing/battle.ts';

const statement = battle({ roundId: 'codec', viewers: 12, paying: 0.7 });
const variants: readonly Partial<RoundTerms>[] = [
  {},
  { overtime: null },
  { end: { kind: 'height', height: 812_345 } },
  { network: 'main', title: '', payoutMinSats: 2_100_000_000_000_000 },
];

/** Every codec as bytes to bytes, undefined when they are refused. */
const codecs: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => Uint8Array | undefined])[] = [
  ['terms', encodeTerms(statement.terms), (bytes) => again(decodeTerms(bytes), encodeTerms)],
  ['outcome', encodeOutcome(statement), (bytes) => again(decodeOutcome(bytes), encodeOutcome)],
  ['statement', encodeStatement(statement), (bytes) => again(decodeStatement(bytes), encodeStatement)],
  ...statement.streams
    .slice(0, 1)
    .map(
      (stream) =>
        ['leaf', encodeLeaf(stream), (bytes: Uint8Array) => again(decodeLeaf(bytes), encodeLeaf)] as const,
    ),
];

function again<T>(value: T | undefined, encode: (value: T) => Uint8Array): Uint8Array | undefined {
  return value === undefined ? undefined : encode(value);
}

describe('canonical bytes', () => {
  it.each(variants)('of terms come back as they were: %o', (changes) => {
    const terms = battleTerms('codec', changes);
    expect(decodeTerms(encodeTerms(terms))).toEqual(terms);
  });

  it('of a statement come back as they were', () => {
    const { terms, streams, ...outcome } = statement;
    expect(decodeStatement(encodeStatement(statement))).toEqual(statement);
    expect(decodeStatementHead(encodeStatement(statement))).toEqual({ terms, outcome });
    expect(streams).toHaveLength(12);
  });

  it('of a statement have its streams as their leaves', () => {
    const leaves = decodeStatementLeaves(encodeStatement(statement))?.leaves ?? [];
    expect(leaves.map(toHex)).toEqual(statement.streams.map((stream) => toHex(encodeLeaf(stream))));
    expect(leaves.map(paidSatsOfLeaf)).toEqual(statement.streams.map((stream) => stream.paidSats));
    expect(new Set(leaves.map(paidSatsOfLeaf)).size).toBeGreaterThan(2);
  });

  it.each(codecs)('of %s are refused when cut or extended', (_, bytes, decode) => {
    for (let length = 0; length < Math.min(bytes.length, 400); length++) {
      expect(decode(bytes.subarray(0, length))).toBeUndefined();
    }
    expect(decode(Uint8Array.of(...bytes, 0))).toBeUndefined();
  });

  it.each(codecs)('of %s have one spelling, whatever byte is changed', (_, bytes, decode) => {
    const random = new Prng(3);
    for (let i = 0; i < 2_000; i++) {
      const other = Uint8Array.from(bytes);
      const at = random.below(other.length);
      other[at] = random.below(256);
      const back = decode(other);
      if (back !== undefined) expect(toHex(back)).toBe(toHex(other));
    }
  });
});

it.each([
  ['nothing', ''],
  ['no JSON', '{"format":1'],
  ['null', 'null'],
  ['another format', '{"format":2,"feeSatsPerKb":1,"payees":[],"totals":{},"transactions":[]}'],
  ['half of one', '{"format":1,"feeSatsPerKb":100,"payees":[]}'],
])('a stored plan that is %s is a fault of the store', (_, text) => {
  expect(() => decodePlan(utf8(text))).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }));
});
