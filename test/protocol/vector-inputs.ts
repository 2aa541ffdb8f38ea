/** The story that the golden vectors tell: one viewer, one round, one stream of two chains. */
import { createHash } from 'node:crypto';
import { toHex } from '../../src/core/bytes.ts';
import type { AccountId, ParticipantId, RoundId, StreamId, Txid } from '../../src/core/ids.ts';
import { sats } from '../../src/core/sats.ts';
import { nativeSignatures } from '../../src/platform/signatures.ts';
import type { PublicDelta, PublicResult, PublicState } from '../../src/round/public-state.ts';
import { HashChain } from '../../src/voucher/hash-chain.ts';
import type { Commitment } from '../../src/voucher/types.ts';

export function sha256(data: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(data).digest());
}

/** `count` bytes that count up from `first`. */
export function counting(first: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (first + i) & 0xff);
}

export const START_MS = 1_800_000_000_000;
export const PRIVATE_KEY: Uint8Array = counting(0x01, 32);
export const PUBLIC_KEY: Uint8Array = nativeSignatures.publicKey(PRIVATE_KEY);
export const ACCOUNT = toHex(
  Uint8Array.from(createHash('ripemd160').update(sha256(PUBLIC_KEY)).digest()),
) as AccountId;
export const OTHER_ACCOUNT = '00112233445566778899aabbccddeeff00112233' as AccountId;
export const NONCE: Uint8Array = counting(0xc0, 32);
export const ROUND = 'friday-final' as RoundId;
export const STREAM_ID = toHex(counting(0x00, 16)) as StreamId;

export const SEEDS: readonly Uint8Array[] = [counting(0x40, 32), counting(0x80, 32)];
const LENGTHS = [3600, 1000];
const UNITS = [1, 1000];

export const CHAINS: readonly HashChain[] = SEEDS.map((seed, i) =>
  HashChain.fromSeed({ seed, length: LENGTHS[i] ?? 1, sha256 }),
);

export function word(chain: number, index: number): Uint8Array {
  const source = CHAINS[chain];
  if (source === undefined) throw new Error(`there is no chain ${chain}`);
  return source.word(index);
}

export const COMMITMENT: Commitment = {
  version: 1,
  network: 'dev',
  streamId: STREAM_ID,
  payer: ACCOUNT,
  roundId: ROUND,
  chains: CHAINS.map((chain, i) => ({
    unitSats: sats(UNITS[i] ?? 1),
    length: chain.length,
    anchor: chain.anchor,
  })),
  rateSatsPerSecond: 1,
  notBeforeMs: START_MS - 60_000,
  expiryMs: START_MS + 3_600_000,
  nonce: NONCE,
};

/** The longest there can be. */
export const LONG_COMMITMENT: Commitment = {
  ...COMMITMENT,
  network: 'main',
  roundId: 'r'.repeat(48) as RoundId,
  chains: [0, 1, 2, 3].map((i) => ({
    unitSats: sats(10 ** i),
    length: 1_000_000,
    anchor: counting(16 * i, 32),
  })),
  rateSatsPerSecond: 1000,
  notBeforeMs: 0,
  expiryMs: Number.MAX_SAFE_INTEGER,
};

const RESULT: PublicResult = {
  ranking: [1, 0],
  paidSats: 30_000,
  directSats: 12_000,
  poolSats: 18_000,
  platformSats: 1_800,
  participantSats: [9_000, 17_400],
  txids: [toHex(counting(0x10, 32)) as Txid],
  status: 'accepted',
};

export const LIVE_STATE: PublicState = {
  roundId: ROUND,
  title: 'Friday final',
  phase: 'live',
  startsAtMs: START_MS,
  endsAtMs: START_MS + 60_000,
  endHeight: null,
  cutoffAtMs: null,
  rateSatsPerSecond: 1,
  payEveryMs: 1000,
  atMs: START_MS + 12_345,
  viewers: 3,
  participants: [
    {
      id: 'ada' as ParticipantId,
      name: 'Ada',
      sats: 10_012,
      satsPerSecond: 1,
      votes: 1,
      claps: 40,
      score: 10_152,
      rank: 2,
      watchers: 1,
    },
    {
      id: 'bea' as ParticipantId,
      name: 'Béa',
      sats: 25_324,
      satsPerSecond: 2,
      votes: 0,
      claps: 7,
      score: 25_331,
      rank: 1,
      watchers: 2,
    },
  ],
  supporters: [
    { account: ACCOUNT, name: 'Zoë', sats: 25_312 },
    { account: OTHER_ACCOUNT, name: '', sats: 10_024 },
  ],
  gifts: [
    { no: 1, from: '', account: OTHER_ACCOUNT, target: 0, sats: 10_000, atMs: START_MS + 4_000 },
    { no: 2, from: 'Zoë', account: ACCOUNT, target: 1, sats: 25_300, atMs: START_MS + 9_500 },
  ],
  result: null,
};

export const SETTLED_STATE: PublicState = {
  ...LIVE_STATE,
  phase: 'settled',
  endsAtMs: null,
  endHeight: 900_123,
  cutoffAtMs: START_MS + 65_000,
  payEveryMs: 2000,
  viewers: 0,
  gifts: [],
  result: { ...RESULT, status: 'mined' },
};

export const SMALL_DELTA: PublicDelta = {
  atMs: START_MS + 13_000,
  participants: [
    {
      index: 1,
      sats: 25_326,
      satsPerSecond: 3,
      votes: 1,
      claps: 7,
      score: 25_433,
      rank: 1,
      watchers: 3,
    },
  ],
};

export const FULL_DELTA: PublicDelta = {
  atMs: START_MS + 59_990,
  phase: 'overtime',
  startsAtMs: START_MS,
  endsAtMs: START_MS + 70_000,
  cutoffAtMs: null,
  payEveryMs: 2000,
  viewers: 4,
  participants: SMALL_DELTA.participants ?? [],
  supporters: LIVE_STATE.supporters,
  gifts: [{ no: 3, from: 'Zoë', account: ACCOUNT, target: 1, sats: 1000, atMs: START_MS + 59_980 }],
  result: RESULT,
};
