/**
 * Bytes of any length, in chunks below the record limit. Written under a name that was never used before,
 * and never changed: whoever holds a reference reads what it was made for, or finds it discarded. What
 * refers to a blob is switched in one write, so readers see the old bytes or the new ones.
 *
 *   blobs/<name>:<n>   d: bytes of chunk n
 */
import { randomBytes } from 'node:crypto';
import { assert } from '../../core/assert.ts';
import { concatBytes } from '../../core/bytes.ts';
import { bytesOf, listOf } from './bins.ts';
import type { At, Bins } from './mutation.ts';
import type { Records } from './records.ts';

/** Well below the server's limit of 1 MiB for a record with what it adds. */
const CHUNK_BYTES = 512 * 1024;
const CHUNKS_A_READ = 8;

export interface BlobRef {
  readonly name: string;
  readonly bytes: number;
}

/** A blob was replaced and discarded while it was read: read the reference again. */
export class BlobGone extends Error {
  override readonly name = 'BlobGone';
}

/** Also what marks a write as one's own when its answer is lost. */
export function freshId(): string {
  return randomBytes(9).toString('base64url');
}

export async function writeBlob(records: Records, bytes: Uint8Array): Promise<BlobRef> {
  const ref: BlobRef = { name: freshId(), bytes: bytes.length };
  await Promise.all(
    chunksOf(ref).map(async (at, i) => {
      const chunk = bytes.slice(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES);
      const put = { op: 'put', bin: 'd', value: chunk } as const;
      const outcome = await records.apply({ at, ops: [put], existence: 'create' }, isThere);
      assert(outcome.kind === 'applied', `blob ${ref.name} exists`);
    }),
  );
  return ref;
}

function isThere(bins: Bins | undefined): boolean {
  return bins !== undefined;
}

export async function readBlob(records: Records, ref: BlobRef): Promise<Uint8Array> {
  return (await readBlobs(records, [ref]))[0] as Uint8Array;
}

/** Several at once, in batches. @throws {BlobGone} */
export async function readBlobs(records: Records, refs: readonly BlobRef[]): Promise<readonly Uint8Array[]> {
  const ats = refs.map(chunksOf);
  const found = await records.getMany(ats.flat(), batchFor(refs));
  let from = 0;
  return refs.map((ref, i) => {
    const count = ats[i]?.length ?? 0;
    const chunks = found.slice(from, from + count).map((bins) => {
      if (bins === undefined) throw new BlobGone(`blob ${ref.name} is gone`);
      return bytesOf(bins, 'd');
    });
    from += count;
    const bytes = chunks.length === 1 ? (chunks[0] as Uint8Array) : concatBytes(chunks);
    assert(bytes.length === ref.bytes, `blob ${ref.name} has ${bytes.length} bytes, not ${ref.bytes}`);
    return bytes;
  });
}

export async function discardBlobs(records: Records, refs: readonly BlobRef[]): Promise<void> {
  await records.discard(refs.flatMap(chunksOf));
}

/** Bounds the answer of one batch, not only its number of records. */
function batchFor(refs: readonly BlobRef[]): number {
  const largest = refs.reduce((most, ref) => Math.max(most, Math.min(ref.bytes, CHUNK_BYTES)), 1);
  return Math.max(CHUNKS_A_READ, Math.min(500, Math.floor((CHUNKS_A_READ * CHUNK_BYTES) / largest)));
}

function chunksOf({ name, bytes }: BlobRef): readonly At[] {
  const count = Math.max(1, Math.ceil(bytes / CHUNK_BYTES));
  return Array.from({ length: count }, (_, i) => ({ set: 'blobs', key: `${name}:${i}` }));
}

/** As it is kept in a bin. */
export function blobValue(ref: BlobRef): readonly (string | number)[] {
  return [ref.name, ref.bytes];
}

export function blobOf(value: unknown): BlobRef {
  const [name, bytes] = value as readonly [string, number];
  assert(typeof name === 'string' && typeof bytes === 'number', 'not a reference to a blob');
  return { name, bytes };
}

/** Undefined when the bin is missing or empty. */
export function blobIn(bins: Bins | undefined, bin: string): BlobRef | undefined {
  const value = listOf(bins, bin);
  return value.length === 0 ? undefined : blobOf(value);
}
