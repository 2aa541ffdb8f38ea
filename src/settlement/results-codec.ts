/**
 * How a round came out, as canonical bytes. Little-endian; `account` is 20 bytes.
 *
 *   "RSR" | u8 version 1 | u64 startedAtMs | u64 endedAtMs | u16 overtimeCount
 *   | u8 participants | each: u64 paid sats, u64 votes, u64 claps, u64 score, u8 rank
 *   | u8 supporters | each: account, u64 paid sats
 */
import { ByteReader, ByteWriter, TruncatedError, equalBytes, fromHex, utf8 } from '../core/bytes.ts';
import type { RoundStatement } from '../round/statement.ts';
import { readSats } from './leaf-codec.ts';
import { readAccount } from './terms-codec.ts';

const MAGIC = utf8('RSR');
const VERSION = 1;

/** The statement without its terms and streams. */
export type RoundOutcome = Pick<
  RoundStatement,
  'startedAtMs' | 'endedAtMs' | 'overtimeCount' | 'participants' | 'supporters'
>;

export function encodeOutcome(outcome: RoundOutcome): Uint8Array {
  const out = new ByteWriter(512).bytes(MAGIC).u8(VERSION);
  out.u64(outcome.startedAtMs).u64(outcome.endedAtMs).u16(outcome.overtimeCount);
  out.u8(outcome.participants.length);
  for (const { paidSats, votes, claps, score, rank } of outcome.participants) {
    out.u64(paidSats).u64(votes).u64(claps).u64(score).u8(rank);
  }
  out.u8(outcome.supporters.length);
  for (const { account, paidSats } of outcome.supporters) out.bytes(fromHex(account)).u64(paidSats);
  return out.finish();
}

/** Undefined when the bytes are not exactly one outcome. */
export function decodeOutcome(bytes: Uint8Array): RoundOutcome | undefined {
  try {
    const input = new ByteReader(bytes);
    if (!equalBytes(input.bytes(MAGIC.length), MAGIC) || input.u8() !== VERSION) return undefined;
    const outcome: RoundOutcome = {
      startedAtMs: input.u64(),
      endedAtMs: input.u64(),
      overtimeCount: input.u16(),
      participants: Array.from({ length: input.u8() }, () => ({
        paidSats: readSats(input),
        votes: input.u64(),
        claps: input.u64(),
        score: input.u64(),
        rank: input.u8(),
      })),
      supporters: Array.from({ length: input.u8() }, () => ({
        account: readAccount(input),
        paidSats: readSats(input),
      })),
    };
    return input.remaining === 0 ? outcome : undefined;
  } catch (error) {
    if (error instanceof TruncatedError) return undefined;
    throw error;
  }
}
