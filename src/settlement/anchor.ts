/**
 * What a settlement transaction says about its round, in a data output of 0 sats that nobody can spend:
 *
 *   OP_FALSE OP_RETURN <"RINGSIDE"> <payload>
 *   payload  u8 version 1 | u8 n | n round id, ascii | 32 commitment hash | 32 Merkle-sum root
 *            | u64 sum sats | u32 leaves | u16 part, from 0 | u16 parts
 *
 * The commitment hash covers what is not in the leaves:
 *
 *   SHA-256("RSH" | u8 1 | SHA-256(terms) | SHA-256(outcome) | SHA-256(payees) | u32 feeSatsPerKb)
 *   payees   u32 count | each: u8 kind (0 participant, 1 supporter, 2 platform), 20 account, u64 share sats,
 *            u64 carried in sats, u64 paid sats
 *
 * Little-endian.
 */
import { assert } from '../core/assert.ts';
import { ByteWriter, type Sha256, fromHex, utf8 } from '../core/bytes.ts';
import type { RoundId } from '../core/ids.ts';
import { PAYEE_KINDS, type Payee } from '../ledger/payouts.ts';
import type { RoundTerms } from '../round/terms.ts';
import type { SumNode } from './merkle-sum.ts';
import { type RoundOutcome, encodeOutcome } from './results-codec.ts';
import { encodeTerms } from './terms-codec.ts';

const PREFIX = 'RINGSIDE';
const VERSION = 1;
const OP_FALSE = 0x00;
const OP_RETURN = 0x6a;
const OP_PUSHDATA1 = 0x4c;

export interface CommitmentInput {
  readonly terms: RoundTerms;
  readonly outcome: RoundOutcome;
  readonly payees: readonly Payee[];
  readonly feeSatsPerKb: number;
}

export function commitmentHash(input: CommitmentInput, sha256: Sha256): Uint8Array {
  const bytes = new ByteWriter(128)
    .bytes(utf8('RSH'))
    .u8(VERSION)
    .bytes(sha256(encodeTerms(input.terms)))
    .bytes(sha256(encodeOutcome(input.outcome)))
    .bytes(sha256(encodePayees(input.payees)))
    .u32(input.feeSatsPerKb)
    .finish();
  return sha256(bytes);
}

function encodePayees(payees: readonly Payee[]): Uint8Array {
  const out = new ByteWriter(4 + 45 * payees.length).u32(payees.length);
  for (const { kind, account, shareSats, carriedInSats, paidSats } of payees) {
    out.u8(PAYEE_KINDS.indexOf(kind)).bytes(fromHex(account));
    out.u64(shareSats).u64(carriedInSats).u64(paidSats);
  }
  return out.finish();
}

export interface Anchor {
  readonly roundId: RoundId;
  readonly commitment: Uint8Array;
  readonly root: SumNode;
  readonly leaves: number;
  readonly part: number;
  readonly parts: number;
}

export function anchorScript(anchor: Anchor): Uint8Array {
  const roundId = utf8(anchor.roundId);
  const payload = new ByteWriter(160)
    .u8(VERSION)
    .u8(roundId.length)
    .bytes(roundId)
    .bytes(anchor.commitment)
    .bytes(anchor.root.hash)
    .u64(anchor.root.sumSats)
    .u32(anchor.leaves)
    .u16(anchor.part)
    .u16(anchor.parts)
    .finish();
  assert(payload.length > 75 && payload.length < 256, 'the payload takes OP_PUSHDATA1');
  const prefix = utf8(PREFIX);
  return new ByteWriter(payload.length + 16)
    .u8(OP_FALSE)
    .u8(OP_RETURN)
    .u8(prefix.length)
    .bytes(prefix)
    .u8(OP_PUSHDATA1)
    .u8(payload.length)
    .bytes(payload)
    .finish();
}
