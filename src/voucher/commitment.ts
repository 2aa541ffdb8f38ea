/**
 * The canonical bytes that a viewer signs. One value has one spelling: `encode(decode(b))` is `b`, and every other
 * byte string is refused. Little-endian:
 *
 *   offset  size  field
 *        0     3  ascii "RSC"
 *        3     1  version, 1
 *        4     1  network: 0 main, 1 test, 2 dev
 *        5    16  stream id
 *       21    20  payer: HASH160 of the compressed key
 *       41     1  n: length of the round id, 1 to 48
 *       42     n  round id, ascii
 *     42+n     1  c: number of chains, 1 to 4
 *     43+n  40 c  per chain: unit in sats u32, length u32, anchor 32
 *                 then rate in sats per second u32, not before ms u64, expiry ms u64, nonce 32
 */
import { assert } from '../core/assert.ts';
import {
  ByteReader,
  ByteWriter,
  type Sha256,
  TruncatedError,
  concatBytes,
  equalBytes,
  fromHex,
  utf8,
} from '../core/bytes.ts';
import { type Refusal, refuse } from '../core/errors.ts';
import { type AccountId, type StreamId, isAccountId, isRoundId, isStreamId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { Sats } from '../core/sats.ts';
import { type ChainTerms, type Commitment, NETWORKS, type Network, type SignedCommitment } from './types.ts';

const MAGIC = utf8('RSC');
const HASH_BYTES = 32;

/** Asserts that the commitment is valid: a payer has no reason to sign one that everybody refuses. */
export function encodeCommitment(commitment: Commitment): Uint8Array {
  assert(isValid(commitment), 'the commitment is not valid');
  const out = new ByteWriter(LIMITS.commitmentBytesMax).bytes(MAGIC).u8(commitment.version);
  out
    .u8(NETWORKS.indexOf(commitment.network))
    .bytes(fromHex(commitment.streamId))
    .bytes(fromHex(commitment.payer));
  const roundId = utf8(commitment.roundId);
  out.u8(roundId.length).bytes(roundId).u8(commitment.chains.length);
  for (const chain of commitment.chains) out.u32(chain.unitSats).u32(chain.length).bytes(chain.anchor);
  out.u32(commitment.rateSatsPerSecond).u64(commitment.notBeforeMs).u64(commitment.expiryMs);
  return out.bytes(commitment.nonce).finish();
}

/** Whether it is valid now, for this connection, this round and this payer is for the caller to check. */
export function decodeCommitment(
  bytes: Uint8Array,
): { readonly ok: true; readonly commitment: Commitment } | Refusal<'BAD_COMMITMENT'> {
  try {
    const commitment = bytes.length <= LIMITS.commitmentBytesMax ? read(new ByteReader(bytes)) : undefined;
    return commitment === undefined ? refuse('BAD_COMMITMENT') : { ok: true, commitment };
  } catch (error) {
    if (error instanceof TruncatedError) return refuse('BAD_COMMITMENT');
    throw error;
  }
}

function read(input: ByteReader): Commitment | undefined {
  if (!equalBytes(input.view(MAGIC.length), MAGIC) || input.u8() !== 1) return undefined;
  const network = NETWORKS[input.u8()];
  const streamId = input.hex(16) as StreamId;
  const payer = input.hex(20) as AccountId;
  const roundId = String.fromCharCode(...input.view(input.u8()));
  const chains: ChainTerms[] = [];
  const chainCount = input.u8();
  if (network === undefined || !isRoundId(roundId) || chainCount > LIMITS.chainsMax) return undefined;
  for (let i = 0; i < chainCount; i++) {
    chains.push({ unitSats: input.u32() as Sats, length: input.u32(), anchor: input.bytes(HASH_BYTES) });
  }
  const rateSatsPerSecond = input.u32();
  const notBeforeMs = input.u64();
  const expiryMs = input.u64();
  const nonce = input.bytes(HASH_BYTES);
  const commitment: Commitment = {
    version: 1,
    network,
    streamId,
    payer,
    roundId,
    chains,
    rateSatsPerSecond,
    notBeforeMs,
    expiryMs,
    nonce,
  };
  return input.remaining === 0 && hasValidTerms(commitment) ? commitment : undefined;
}

function isValid(commitment: Commitment): boolean {
  return (
    NETWORKS.includes(commitment.network) &&
    isStreamId(commitment.streamId) &&
    isAccountId(commitment.payer) &&
    isRoundId(commitment.roundId) &&
    hasValidTerms(commitment)
  );
}

/** What remains to be checked of one that was read: its ids are of bytes. */
function hasValidTerms({ chains, rateSatsPerSecond, notBeforeMs, expiryMs, nonce }: Commitment): boolean {
  return (
    chains.length >= 1 &&
    chains.length <= LIMITS.chainsMax &&
    chains.every(isValidChain) &&
    !sharesAnchor(chains) &&
    isWithin(rateSatsPerSecond, 1, LIMITS.rateSatsPerSecondMax) &&
    isWithin(notBeforeMs, 0, expiryMs) &&
    isWithin(expiryMs, 0, Number.MAX_SAFE_INTEGER) &&
    nonce.length === HASH_BYTES
  );
}

function isValidChain(chain: ChainTerms): boolean {
  return (
    isWithin(chain.unitSats, 1, LIMITS.unitSatsMax) &&
    isWithin(chain.length, 1, LIMITS.chainLengthMax) &&
    chain.anchor.length === HASH_BYTES
  );
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

/** A word of one chain would be a word of the other too: its reveal would pay twice. */
function sharesAnchor(chains: readonly ChainTerms[]): boolean {
  return chains.some((chain, i) =>
    chains.some((other, j) => j < i && equalBytes(other.anchor, chain.anchor)),
  );
}

/** What a client signs (over SHA-256 of it) to prove its key on one connection, whose WELCOME gave `nonce`. */
export function authBytes(network: Network, nonce: Uint8Array): Uint8Array {
  assert(nonce.length === HASH_BYTES, 'a nonce has 32 bytes');
  return concatBytes([utf8('ringside.v1 auth\n'), Uint8Array.of(NETWORKS.indexOf(network)), nonce]);
}

/**
 * Whether the bytes are the canonical ones of the commitment and the key signed them. That the key is the payer's
 * (HASH160) is not checked here.
 */
export function verifySigned(
  signed: SignedCommitment,
  crypto: {
    readonly sha256: Sha256;
    readonly signatures: { verify(hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean };
  },
): boolean {
  return (
    isValid(signed.commitment) &&
    equalBytes(signed.bytes, encodeCommitment(signed.commitment)) &&
    crypto.signatures.verify(crypto.sha256(signed.bytes), signed.signature, signed.publicKey)
  );
}
