/** Little-endian writing and hashing, from the conventions of docs/RECEIPT.md. */
import { createHash } from 'node:crypto';

export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

/** Block and transaction ids are shown with their bytes reversed. */
export function displayId(bytes: Uint8Array): string {
  return reversed(sha256(sha256(bytes))).toString('hex');
}

export function reversed(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.toReversed());
}

export function le(value: number | bigint, size: 1 | 2 | 4 | 8): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes.subarray(0, size);
}

export const u8 = (value: number): Buffer => le(value, 1);
export const u16 = (value: number): Buffer => le(value, 2);
export const u32 = (value: number): Buffer => le(value, 4);
export const u64 = (value: number | bigint): Buffer => le(value, 8);

export function utf8(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u16(bytes.length), bytes]);
}

export function blob(bytes: Buffer): Buffer {
  return Buffer.concat([u32(bytes.length), bytes]);
}
