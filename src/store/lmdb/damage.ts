/**
 * Damage to what is on the disk is found, never guessed around: every value carries a checksum over itself and its key,
 * compared at each read; and before a database is opened its whole file is read and checked (platform/lmdb-check.ts).
 */
import { crc32 } from 'node:zlib';
import { EngineError } from '../../core/errors.ts';
import { type FileCheck, checkLmdbFile } from '../../platform/lmdb-check.ts';
import { keys } from './keys.ts';

/** What the first schema wrote as its version. */
export const UNSEALED_SCHEMA_BYTES = 8;
/** CRC-32, little-endian, behind the value. */
const CHECKSUM_BYTES = 4;

export function seal(key: Uint8Array, value: Uint8Array): Uint8Array {
  const sealed = Buffer.allocUnsafe(value.length + CHECKSUM_BYTES);
  sealed.set(value);
  sealed.writeUInt32LE(checksum(key, value), value.length);
  return sealed;
}

/** The value, a plain view of the bytes that are given. Throws EngineError STORE_FAILED when they are not what was written. */
export function unseal(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  const value = opened(key, sealed);
  if (value !== undefined) return value;
  throw new EngineError('STORE_FAILED', {
    message: `A row of the store is damaged (table ${String.fromCharCode(key[0] ?? 0)}). ${WHAT_TO_DO}`,
  });
}

export function checkStoreFile(path: string): FileCheck {
  return checkLmdbFile(path, ({ key, value }) =>
    opened(key, value) === undefined ? 'it does not have its checksum' : undefined,
  );
}

/** Throws EngineError STORE_FAILED, with what to do, when the file is not as it was written. */
export function refuseDamage(path: string): void {
  const check = checkStoreFile(path);
  if (check.ok || isUnsealed(path)) return;
  throw new EngineError('STORE_FAILED', {
    message: `The store at ${path} is damaged: ${check.problem}. ${WHAT_TO_DO}`,
  });
}

/** The first schema had no checksums. It is refused as what it is, by ensureSchema. */
function isUnsealed(path: string): boolean {
  const key = Buffer.from(keys.meta('schema'));
  let found = false;
  const check = checkLmdbFile(path, (row) => {
    if (key.equals(row.key)) found = row.value.length === UNSEALED_SCHEMA_BYTES;
    return undefined;
  });
  return check.ok && found;
}

const WHAT_TO_DO =
  'Nothing was changed. It is the only record of who owns what, so do not repair it or delete parts of it. ' +
  'Keep a copy of the data directory as it is, test the disk, then put back the last good copy of the whole directory.';

function opened(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  const length = sealed.length - CHECKSUM_BYTES;
  if (length < 0) return undefined;
  // Not subarray: that of a Buffer is a Buffer, whose slice is a view, and decoders rely on copies.
  const value = new Uint8Array(sealed.buffer, sealed.byteOffset, length);
  return u32At(sealed, length) === checksum(key, value) ? value : undefined;
}

/** A DataView for each row takes longer than its checksum. */
function u32At(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
  return (low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0;
}

function checksum(key: Uint8Array, value: Uint8Array): number {
  const ofKey = crc32(key);
  return value.length === 0 ? ofKey : crc32(value, ofKey); // zlib takes no bytes for a wish to start anew
}
