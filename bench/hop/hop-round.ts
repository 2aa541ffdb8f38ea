/**
 * A live round with many open streams for the hop benches, opened over the link by real inputs. The round never hashes
 * and never verifies a signature (edges do), so the words and signatures here are none.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ByteWriter } from '../../src/core/bytes.ts';
import type { AccountId, ParticipantId, RoundId, StreamId } from '../../src/core/ids.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { sats } from '../../src/core/sats.ts';
import type { EdgeInput } from '../../src/actors/link.ts';
import type { ShardStore } from '../../src/actors/hosted-round.ts';
import type { RoundTerms } from '../../src/round/terms.ts';
import { encodeCommitment } from '../../src/voucher/commitment.ts';

export const HANDLE = 1;
export const EDGE = 0;
export const PARTICIPANTS = 2;
const ROUND = 'hop' as RoundId;
const DAY_MS = 86_400_000;

function account(no: number): AccountId {
  return no.toString(16).padStart(40, 'f') as AccountId;
}

/** Live now and for the next day; at the highest rate, so that words are not too early. */
export function hopTerms(nowMs: number): RoundTerms {
  return {
    roundId: ROUND,
    network: 'dev',
    title: 'Hop',
    participants: Array.from({ length: PARTICIPANTS }, (_, index) => ({
      id: `p${index}` as ParticipantId,
      name: `P${index}`,
      account: account(index),
    })),
    lobbyAtMs: nowMs - DAY_MS,
    startsAtMs: nowMs - DAY_MS,
    end: { kind: 'time', atMs: nowMs + DAY_MS },
    rateSatsPerSecond: LIMITS.rateSatsPerSecondMax,
    directBps: 4_000,
    prize: { rankBps: [7_000, 2_000], supporterBps: [500], platformBps: 500 },
    scoring: { satsWeight: 1, voteWeight: 10, clapWeight: 1 },
    overtime: null,
    closingMs: 1_000,
    payoutMinSats: 20,
    platformAccount: account(PARTICIPANTS),
  };
}

/** The OPEN of stream `no` (from 0), as an edge passes it on for its connection `no` + 1. */
export function hopOpen(terms: RoundTerms, no: number): EdgeInput {
  const commitment = {
    version: 1,
    network: terms.network,
    streamId: no.toString(16).padStart(32, '0') as StreamId,
    payer: no.toString(16).padStart(40, '0') as AccountId,
    roundId: terms.roundId,
    chains: [1, 1_000].map((unit, chain) => ({
      unitSats: sats(unit),
      anchor: new Uint8Array(32).fill(chain),
      length: LIMITS.chainLengthMax,
    })),
    rateSatsPerSecond: terms.rateSatsPerSecond,
    notBeforeMs: 0,
    expiryMs: Number.MAX_SAFE_INTEGER,
    nonce: new Uint8Array(32),
  } as const;
  const signed = {
    commitment,
    bytes: encodeCommitment(commitment),
    publicKey: new ByteWriter(33).u8(2).u64(no).bytes(new Uint8Array(24)).finish(),
    signature: new Uint8Array(64),
  };
  const from = { edge: EDGE, conn: no + 1, ref: 1 };
  return { kind: 'open', from, signed, name: `v${no}`, holdSats: LIMITS.chainLengthMax };
}

/**
 * A store that keeps nothing. Saves are answered `saveMs` later: 0 has the round save as often as it can, a long time
 * takes saving (and what waits for it: acknowledgements) out of the measurement.
 */
export function hopStore(terms: RoundTerms, save: { delayMs: number }): ShardStore {
  const saved = async (): Promise<{ readonly ok: true }> => {
    if (save.delayMs > 0) await sleep(save.delayMs, undefined, { ref: false });
    return { ok: true };
  };
  return {
    acquireRound: async () => ({ ok: true, terms, generation: 1, snapshot: null, segments: [] }),
    appendSegment: saved,
    saveSnapshot: saved,
    hold: async () => ({ ok: true }),
    shrinkHold: async () => undefined,
  };
}
