/**
 * What the fuzzer can be pointed at, and what is sound for a decoder: it says yes or no to any bytes and never
 * throws; what it accepted says the same again after encoding; and it keeps nothing of the buffer it was given.
 */
import { isDeepStrictEqual } from 'node:util';
import { equalBytes, toHex } from '../../src/core/bytes.ts';
import type { Prng } from '../../src/core/prng.ts';

/** Something that must not happen, in words. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

export function insist(holds: boolean, finding: string): asserts holds {
  if (!holds) throw new Finding(finding);
}

export type CaseOutcome = 'accepted' | 'refused';

export interface Target {
  readonly name: string;
  /** Valid inputs, and interesting ones, to start from. The same random numbers give the same inputs. */
  corpus(random: Prng): readonly Uint8Array[];
  /** Input of this target's own making; undefined: take a general mutation. */
  readonly shape?: (seed: Uint8Array, random: Prng) => Uint8Array | undefined;
  /** Throws for anything that must not happen. */
  run(input: Uint8Array): CaseOutcome;
}

/** A decoder as the checks below take it. */
export interface Codec<T> {
  /** Undefined: refused. */
  readonly decode: (bytes: Uint8Array) => T | undefined;
  readonly encode: (value: T) => Uint8Array;
  /** Whether one value has one spelling: what was accepted encodes to the same bytes. Else to the same meaning. */
  readonly isCanonical: boolean | ((bytes: Uint8Array) => boolean);
  /** What counts of a value, where not all does. */
  readonly meaning?: (value: T | undefined) => unknown;
}

/** @throws {Finding} when the codec is not sound for this input. */
export function checkCodec<T>(codec: Codec<T>, input: Uint8Array): CaseOutcome {
  const lent = Uint8Array.from(input);
  const value = codec.decode(lent);
  insist(equalBytes(lent, input), 'decoding changed its input');
  checkAsBuffer(codec, input, value);
  if (value === undefined) return 'refused';
  const encoded = codec.encode(value);
  lent.fill(0xa5);
  insist(equalBytes(codec.encode(value), encoded), 'what was decoded changes with the buffer it came from');
  const isCanonical = typeof codec.isCanonical === 'boolean' ? codec.isCanonical : codec.isCanonical(input);
  if (isCanonical) {
    insist(equalBytes(encoded, input), `accepted, but encodes to other bytes: ${toHex(encoded)}`);
  } else {
    const meaning = codec.meaning ?? ((one: T | undefined): unknown => one);
    const again = meaning(codec.decode(encoded));
    insist(isDeepStrictEqual(again, meaning(value)), 'what was accepted means something else again');
  }
  return 'accepted';
}

/** Sockets and stores hand out views into pools; the same bytes have to mean the same there. */
function checkAsBuffer<T>(codec: Codec<T>, input: Uint8Array, value: T | undefined): void {
  const pool = Buffer.alloc(input.length + 16, 0xee);
  pool.set(input, 7);
  const pooled = codec.decode(pool.subarray(7, 7 + input.length));
  insist((pooled === undefined) === (value === undefined), 'inside a larger buffer the answer is another');
  if (pooled === undefined || value === undefined) return;
  pool.fill(0x5a);
  insist(equalBytes(codec.encode(pooled), codec.encode(value)), 'what was decoded is a view of a pool');
}
