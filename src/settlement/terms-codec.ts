/**
 * The terms of a round as canonical bytes, for the commitment on chain and the stored statement. Little-endian;
 * `string` is a u16 length and UTF-8, `account` 20 bytes.
 *
 *   "RST" | u8 version 1 | u8 network (0 main, 1 test, 2 dev) | string round id | string title
 *   | u8 participants | each: string id, string name, account
 *   | u64 lobbyAtMs | u64 startsAtMs | u8 end kind (0 time, 1 height) | u64 time in ms or height
 *   | u32 rateSatsPerSecond | u16 directBps
 *   | u8 ranks | each: u16 bps | u8 supporters | each: u16 bps | u16 platformBps
 *   | u32 satsWeight | u32 voteWeight | u32 clapWeight
 *   | u8 overtime (0 none, 1) | if 1: u32 windowMs, u32 extendMs, u32 extensionsMax
 *   | u32 closingMs | u64 payoutMinSats | account of the platform
 */
import { ByteReader, ByteWriter, TruncatedError, equalBytes, fromHex, toHex, utf8 } from '../core/bytes.ts';
import type { AccountId, ParticipantId, RoundId } from '../core/ids.ts';
import type { Overtime, PrizeTable, RoundEnd, RoundTerms } from '../round/terms.ts';
import { NETWORKS } from '../voucher/types.ts';

const MAGIC = utf8('RST');
const VERSION = 1;

export function encodeTerms(terms: RoundTerms): Uint8Array {
  const out = new ByteWriter(512).bytes(MAGIC).u8(VERSION).u8(NETWORKS.indexOf(terms.network));
  out.string(terms.roundId).string(terms.title).u8(terms.participants.length);
  for (const { id, name, account } of terms.participants) {
    out.string(id).string(name).bytes(fromHex(account));
  }
  out.u64(terms.lobbyAtMs).u64(terms.startsAtMs);
  if (terms.end.kind === 'time') out.u8(0).u64(terms.end.atMs);
  else out.u8(1).u64(terms.end.height);
  out.u32(terms.rateSatsPerSecond).u16(terms.directBps);
  writeBps(out, terms.prize.rankBps);
  writeBps(out, terms.prize.supporterBps);
  const { satsWeight, voteWeight, clapWeight } = terms.scoring;
  out.u16(terms.prize.platformBps).u32(satsWeight).u32(voteWeight).u32(clapWeight);
  if (terms.overtime === null) out.u8(0);
  else {
    const { windowMs, extendMs, extensionsMax } = terms.overtime;
    out.u8(1).u32(windowMs).u32(extendMs).u32(extensionsMax);
  }
  return out.u32(terms.closingMs).u64(terms.payoutMinSats).bytes(fromHex(terms.platformAccount)).finish();
}

/** Undefined when the bytes are not exactly one set of terms. Whether they make a round is not checked. */
export function decodeTerms(bytes: Uint8Array): RoundTerms | undefined {
  try {
    const input = new ByteReader(bytes);
    const terms = readTerms(input);
    return input.remaining === 0 ? terms : undefined;
  } catch (error) {
    if (error instanceof TruncatedError) return undefined;
    throw error;
  }
}

function readTerms(input: ByteReader): RoundTerms | undefined {
  if (!equalBytes(input.bytes(MAGIC.length), MAGIC) || input.u8() !== VERSION) return undefined;
  const network = NETWORKS[input.u8()];
  if (network === undefined) return undefined;
  return {
    network,
    roundId: input.string() as RoundId,
    title: input.string(),
    participants: Array.from({ length: input.u8() }, () => ({
      id: input.string() as ParticipantId,
      name: input.string(),
      account: readAccount(input),
    })),
    lobbyAtMs: input.u64(),
    startsAtMs: input.u64(),
    end: readEnd(input),
    rateSatsPerSecond: input.u32(),
    directBps: input.u16(),
    prize: readPrize(input),
    scoring: { satsWeight: input.u32(), voteWeight: input.u32(), clapWeight: input.u32() },
    overtime: readOvertime(input),
    closingMs: input.u32(),
    payoutMinSats: input.u64(),
    platformAccount: readAccount(input),
  };
}

export function readAccount(input: ByteReader): AccountId {
  return toHex(input.bytes(20)) as AccountId;
}

function readEnd(input: ByteReader): RoundEnd {
  const kind = input.u8();
  if (kind > 1) throw new TruncatedError('no such kind of end');
  return kind === 0 ? { kind: 'time', atMs: input.u64() } : { kind: 'height', height: input.u64() };
}

function readPrize(input: ByteReader): PrizeTable {
  const readBps = (): number[] => Array.from({ length: input.u8() }, () => input.u16());
  return { rankBps: readBps(), supporterBps: readBps(), platformBps: input.u16() };
}

function readOvertime(input: ByteReader): Overtime | null {
  const present = input.u8();
  if (present > 1) throw new TruncatedError('overtime is there or not');
  if (present === 0) return null;
  return { windowMs: input.u32(), extendMs: input.u32(), extensionsMax: input.u32() };
}

function writeBps(out: ByteWriter, shares: readonly number[]): void {
  out.u8(shares.length);
  for (const bps of shares) out.u16(bps);
}
