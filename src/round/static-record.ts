/**
 * What is fixed about a stream, packed into one buffer so that a long round holds one object a stream instead
 * of a dozen: public key 33 | signature 64 | canonical commitment. Pure.
 */
import { assert } from '../core/assert.ts';
import { concatBytes } from '../core/bytes.ts';
import { decodeCommitment } from '../voucher/commitment.ts';
import type { Commitment, SignedCommitment } from '../voucher/types.ts';

const KEY_BYTES = 33;
const SIGNATURE_BYTES = 64;
const BYTES_AT = KEY_BYTES + SIGNATURE_BYTES;

export function packSigned(signed: SignedCommitment): Uint8Array {
  assert(signed.publicKey.length === KEY_BYTES, 'a public key has 33 bytes');
  assert(signed.signature.length === SIGNATURE_BYTES, 'a signature has 64 bytes');
  return concatBytes([signed.publicKey, signed.signature, signed.bytes]);
}

/** Asserts that the record is one of `packSigned`; the commitment was checked before it was packed. */
export function unpackSigned(record: Uint8Array): SignedCommitment {
  const bytes = record.slice(BYTES_AT);
  const decoded = decodeCommitment(bytes);
  assert(decoded.ok, 'a stream record holds a canonical commitment');
  return {
    commitment: decoded.commitment,
    bytes,
    publicKey: record.slice(0, KEY_BYTES),
    signature: record.slice(KEY_BYTES, BYTES_AT),
  };
}

/** Only the commitment, for who needs no bytes: restoring reads one for each stream. Asserts the same. */
export function recordCommitment(record: Uint8Array): Commitment {
  const decoded = decodeCommitment(record.subarray(BYTES_AT));
  assert(decoded.ok, 'a stream record holds a canonical commitment');
  return decoded.commitment;
}

/** A view into the record. */
export function recordPublicKey(record: Uint8Array): Uint8Array {
  return record.subarray(0, KEY_BYTES);
}
