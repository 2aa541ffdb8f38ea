/**
 * A whole statement as bytes, for the store and for the build worker: what cannot be recomputed.
 *
 *   "RSS" | u8 version 1 | blob terms (terms-codec) | blob outcome (results-codec) | u32 streams
 *   | each: blob leaf (leaf-codec)
 *
 * Little-endian; a blob is a u32 length and that many bytes.
 */
import { ByteReader, ByteWriter, TruncatedError, equalBytes, utf8 } from '../core/bytes.ts';
import { LIMITS } from '../core/limits.ts';
import type { RoundStatement, StatementStream } from '../round/statement.ts';
import type { RoundTerms } from '../round/terms.ts';
import { decodeLeaf, writeLeaf } from './leaf-codec.ts';
import { type RoundOutcome, decodeOutcome, encodeOutcome } from './results-codec.ts';
import { decodeTerms, encodeTerms } from './terms-codec.ts';

const MAGIC = utf8('RSS');
const VERSION = 1;
/** Streams between two chances to let the thread do something else. */
const STREAMS_PER_STEP = 500;

/** Encodes in steps: call `next` until it is done; its value is then the bytes. Each step takes about 2 ms. */
export function* encodeStatementSteps(statement: RoundStatement): Generator<void, Uint8Array> {
  const out = new ByteWriter(1024 + 512 * statement.streams.length).bytes(MAGIC).u8(VERSION);
  out.blob(encodeTerms(statement.terms)).blob(encodeOutcome(statement)).u32(statement.streams.length);
  for (const [no, stream] of statement.streams.entries()) {
    out.blobOf((leaf) => writeLeaf(leaf, stream));
    if (no % STREAMS_PER_STEP === STREAMS_PER_STEP - 1) yield;
  }
  return out.finish();
}

export function encodeStatement(statement: RoundStatement): Uint8Array {
  const steps = encodeStatementSteps(statement);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

interface StatementHead {
  readonly terms: RoundTerms;
  readonly outcome: RoundOutcome;
}

/** Undefined when the bytes are not exactly one statement. */
export function decodeStatement(bytes: Uint8Array): RoundStatement | undefined {
  const encoded = decodeStatementLeaves(bytes);
  if (encoded === undefined) return undefined;
  const { terms, outcome, leaves } = encoded;
  const streams: StatementStream[] = [];
  for (const leaf of leaves) {
    const stream = decodeLeaf(leaf);
    if (stream === undefined) return undefined;
    streams.push(stream);
  }
  return { terms, ...outcome, streams };
}

/** Streams stay the leaves that they are in the bytes; whether those can be read is not looked at. */
export function decodeStatementLeaves(
  bytes: Uint8Array,
): (StatementHead & { readonly leaves: readonly Uint8Array[] }) | undefined {
  return reading(bytes, (input) => {
    const head = readHead(input);
    const count = input.u32();
    if (head === undefined || count > LIMITS.streamsPerRoundMax) return undefined;
    const leaves: Uint8Array[] = [];
    for (let no = 0; no < count; no++) leaves.push(input.blob());
    return input.remaining === 0 ? { ...head, leaves } : undefined;
  });
}

/** Terms and outcome only: what a result needs, without reading thousands of streams. */
export function decodeStatementHead(bytes: Uint8Array): StatementHead | undefined {
  return reading(bytes, readHead);
}

function reading<T>(bytes: Uint8Array, read: (input: ByteReader) => T | undefined): T | undefined {
  try {
    return read(new ByteReader(bytes));
  } catch (error) {
    if (error instanceof TruncatedError) return undefined;
    throw error;
  }
}

function readHead(input: ByteReader): StatementHead | undefined {
  if (!equalBytes(input.bytes(MAGIC.length), MAGIC) || input.u8() !== VERSION) return undefined;
  const terms = decodeTerms(input.blob());
  const outcome = decodeOutcome(input.blob());
  return terms && outcome && { terms, outcome };
}
