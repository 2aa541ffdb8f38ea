/**
 * What a spare shard does while it waits: it restores a made-up round, so that what this takes is compiled, and memory is
 * there, when it has to restore real ones. With 15,000 streams the first frame after the death of a shard came 60 to 100 ms
 * earlier (`npm run bench -- recovery`, two cores, which it shares with its load).
 */
import { ByteWriter } from '../core/bytes.ts';
import type { AccountId, ParticipantId, RoundId, StreamId } from '../core/ids.ts';
import { sats } from '../core/sats.ts';
import { restoreRound } from '../round/restore.ts';
import { encodeSegment, encodeSnapshot } from '../round/save-codec.ts';
import { type RoundState, createRound } from '../round/state.ts';
import { packSigned } from '../round/static-record.ts';
import { PAID, TIPS, WATCH } from '../round/stream-table.ts';
import type { RoundTerms } from '../round/terms.ts';
import { encodeCommitment } from '../voucher/commitment.ts';

const STREAMS = 4_000;
const HOLD_SATS = 1_000;
const RATE = 1;

const TERMS: RoundTerms = {
  roundId: 'rehearsal' as RoundId,
  network: 'dev',
  title: 'Rehearsal',
  participants: [1, 2].map((no) => ({ id: `p${no}` as ParticipantId, name: `P${no}`, account: account(no) })),
  lobbyAtMs: 0,
  startsAtMs: 1_000,
  end: { kind: 'time', atMs: 61_000 },
  rateSatsPerSecond: RATE,
  directBps: 4_000,
  prize: { rankBps: [9_500], supporterBps: [], platformBps: 500 },
  scoring: { satsWeight: 1, voteWeight: 1, clapWeight: 1 },
  overtime: null,
  closingMs: 1_000,
  payoutMinSats: 1,
  platformAccount: account(0),
};

/** A round as the store would have it. What is returned restores it once, which takes 10 to 40 ms. */
export function rehearsal(): () => RoundState {
  const state = createRound({ terms: TERMS, epoch: 1, nowMs: 0 });
  const slots = Array.from({ length: STREAMS }, (_, no) => addPaidStream(state, no));
  const snapshot = encodeSnapshot(state);
  state.saves.seq++;
  const segment = encodeSegment(state, { slots, newFrom: STREAMS, giftsFrom: 0 });
  return () => restoreRound({ terms: TERMS, epoch: 2, snapshot, segments: [segment] });
}

/** Nobody verifies its words or its signature: edges do that. */
function addPaidStream({ streams, viewers, totals }: RoundState, no: number): number {
  const commitment = {
    version: 1,
    network: TERMS.network,
    streamId: no.toString(16).padStart(32, '0') as StreamId,
    payer: account(no),
    roundId: TERMS.roundId,
    chains: [RATE, 1_000].map((unit, chain) => ({
      unitSats: sats(unit),
      anchor: new Uint8Array(32).fill(chain),
      length: HOLD_SATS,
    })),
    rateSatsPerSecond: RATE,
    notBeforeMs: 0,
    expiryMs: Number.MAX_SAFE_INTEGER,
    nonce: new Uint8Array(32),
  } as const;
  const slot = streams.add({
    streamId: commitment.streamId,
    commitment,
    record: packSigned({
      commitment,
      bytes: encodeCommitment(commitment),
      publicKey: new ByteWriter(33).u8(2).u64(no).bytes(new Uint8Array(24)).finish(),
      signature: new Uint8Array(64),
    }),
    name: `viewer ${no}`,
    viewer: viewers.intern(commitment.payer),
    holdSats: HOLD_SATS,
    openedAtMs: 0,
  });
  const target = no % TERMS.participants.length;
  streams.setNumber(slot, TIPS, 1);
  for (const column of [PAID, WATCH, streams.targetColumn(target, false)])
    streams.setAmount(slot, column, RATE);
  totals.sats[target] = (totals.sats[target] as number) + RATE;
  return slot;
}

function account(no: number): AccountId {
  return no.toString(16).padStart(40, '0') as AccountId;
}
