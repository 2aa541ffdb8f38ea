/** Rounds that are over, made of real keys, chains, words and signatures: for the tests of settlement. */
import { assert } from '../../core/assert.ts';
import { accountOfPublicKey } from '../../core/account-key.ts';
import { toHex, utf8 } from '../../core/bytes.ts';
import {
  type AccountId,
  type ParticipantId,
  type RoundId,
  type StreamId,
  compareIds,
} from '../../core/ids.ts';
import { LIMITS } from '../../core/limits.ts';
import { Prng } from '../../core/prng.ts';
import type { Sats } from '../../core/sats.ts';
import { depositEntry } from '../../ledger/entries.ts';
import { ripemd160, sha256 } from '../../platform/hash.ts';
import { nativeSignatures } from '../../platform/signatures.ts';
import type { Store } from '../../ports/store.ts';
import { rankScores, ranksOf, scoreOf } from '../../round/ranking.ts';
import type { RoundStatement, StatementStream } from '../../round/statement.ts';
import type { RoundTerms } from '../../round/terms.ts';
import { encodeCommitment } from '../../voucher/commitment.ts';

const STARTS_AT_MS = 1_700_000_000_000;
const CHAIN_LENGTH = 64;
const GIFT_UNIT_SATS = 1_000;
const HOLD_SATS = 100_000;

export interface BattleOptions {
  readonly roundId: string;
  readonly viewers: number;
  /** Share of the viewers that paid something. */
  readonly paying?: number;
  readonly seed?: number;
  readonly terms?: Partial<RoundTerms>;
}

export function accountFor(name: string): AccountId {
  return accountOfPublicKey(nativeSignatures.publicKey(keyFor(name)), { sha256, ripemd160 });
}

function keyFor(name: string): Uint8Array {
  return sha256(utf8(name));
}

export function battleTerms(roundId: string, changes: Partial<RoundTerms> = {}): RoundTerms {
  return {
    roundId: roundId as RoundId,
    network: 'dev',
    title: 'Straße “quoted” 🎤',
    participants: ['ada', 'ben', 'cy'].map((id) => ({
      id: id as ParticipantId,
      name: `${id} ✨`,
      account: accountFor(`${roundId}/${id}`),
    })),
    lobbyAtMs: STARTS_AT_MS - 10_000,
    startsAtMs: STARTS_AT_MS,
    end: { kind: 'time', atMs: STARTS_AT_MS + 60_000 },
    rateSatsPerSecond: 1,
    directBps: 4_250,
    prize: { rankBps: [5_000, 2_000, 500], supporterBps: [800, 400, 200], platformBps: 1_100 },
    scoring: { satsWeight: 10, voteWeight: 500, clapWeight: 1 },
    overtime: { windowMs: 5_000, extendMs: 5_000, extensionsMax: 3 },
    closingMs: 2_000,
    payoutMinSats: 546,
    platformAccount: accountFor('platform'),
    ...changes,
  };
}

/** The same options give the same statement. */
export function battle(options: BattleOptions): RoundStatement {
  const terms = battleTerms(options.roundId, options.terms);
  const random = new Prng(options.seed ?? 7);
  const paying = options.paying ?? 1;
  const streams = Array.from({ length: options.viewers }, (_, no) =>
    streamOf(terms, `${terms.roundId}/viewer${no}`, random, random.chance(paying)),
  ).toSorted((a, b) => compareIds(idOf(a), idOf(b)));
  const totals = terms.participants.map((_, index) => {
    const sats = streams.reduce((sum, { targets }) => sum + paidFor(targets[index]), 0);
    return { sats, votes: random.below(50), claps: random.below(5_000) };
  });
  const scores = totals.map((total) => scoreOf(terms.scoring, total));
  const ranks = ranksOf(rankScores(scores));
  return {
    terms,
    startedAtMs: STARTS_AT_MS + 3,
    endedAtMs: STARTS_AT_MS + 65_000,
    overtimeCount: 1,
    participants: totals.map(({ sats, votes, claps }, index) => ({
      paidSats: sats as Sats,
      votes,
      claps,
      score: scores[index] ?? 0,
      rank: ranks[index] ?? 0,
    })),
    supporters: supportersOf(streams),
    streams,
  };
}

/** Funds every payer, opens the holds, and makes the caller the round's owner; its generation. */
export async function openInStore(store: Store, statement: RoundStatement): Promise<number> {
  const { terms, streams } = statement;
  await store.createRound({ terms, createdAtMs: STARTS_AT_MS });
  const acquired = await store.acquireRound(terms.roundId);
  assert(acquired.ok, 'the round was just made');
  // All at once, so that a store that commits in groups can.
  await Promise.all(
    streams.map(async ({ signed, holdSats }) => {
      const { payer: account, streamId } = signed.commitment;
      const deposit = depositEntry({ key: streamId, account, sats: holdSats, atMs: STARTS_AT_MS });
      const posted = await store.post(deposit);
      assert(posted.ok, 'the operator has funds');
      const hold = { streamId, roundId: terms.roundId, account, sats: holdSats, atMs: STARTS_AT_MS };
      assert((await store.hold(hold)).ok, 'the deposit covers the hold');
    }),
  );
  return acquired.generation;
}

function streamOf(terms: RoundTerms, name: string, random: Prng, pays: boolean): StatementStream {
  const privateKey = keyFor(name);
  const chains = [1, GIFT_UNIT_SATS].map((unitSats, no) => {
    const seed = sha256(utf8(`${name}/chain${no}`));
    return {
      seed,
      terms: { unitSats: unitSats as Sats, length: CHAIN_LENGTH, anchor: hashed(seed, CHAIN_LENGTH) },
    };
  });
  const indexes = pays ? [1 + random.below(CHAIN_LENGTH), random.below(9)] : [0, 0];
  const [watchSats = 0, gifts = 0] = indexes;
  const commitment = {
    version: 1 as const,
    network: terms.network,
    streamId: toHex(sha256(utf8(name)).slice(0, 16)) as StreamId,
    payer: accountFor(name),
    roundId: terms.roundId,
    chains: chains.map((chain) => chain.terms),
    rateSatsPerSecond: terms.rateSatsPerSecond,
    notBeforeMs: terms.lobbyAtMs,
    expiryMs: STARTS_AT_MS + 600_000,
    nonce: Uint8Array.from(sha256(utf8(`${name}/nonce`))),
  };
  const bytes = encodeCommitment(commitment);
  const watched = random.below(terms.participants.length);
  const gifted = random.below(terms.participants.length);
  return {
    signed: {
      commitment,
      bytes,
      publicKey: nativeSignatures.publicKey(privateKey),
      signature: nativeSignatures.sign(sha256(bytes), privateKey),
    },
    name: name.slice(-LIMITS.nameCharsMax),
    tips: chains.map(({ seed }, no) => {
      const index = indexes[no] ?? 0;
      return { index, word: hashed(seed, CHAIN_LENGTH - index) };
    }),
    targets: terms.participants.map((_, index) => ({
      watchSats: (index === watched ? watchSats : 0) as Sats,
      giftSats: (index === gifted ? gifts * GIFT_UNIT_SATS : 0) as Sats,
    })),
    paidSats: (watchSats + gifts * GIFT_UNIT_SATS) as Sats,
    holdSats: HOLD_SATS as Sats,
  };
}

function supportersOf(streams: readonly StatementStream[]): RoundStatement['supporters'] {
  return streams
    .filter((stream) => stream.paidSats > 0)
    .map((stream) => ({ account: stream.signed.commitment.payer, paidSats: stream.paidSats }))
    .toSorted((a, b) => b.paidSats - a.paidSats || compareIds(a.account, b.account))
    .slice(0, LIMITS.prizeSupportersMax);
}

function hashed(word: Uint8Array, times: number): Uint8Array {
  let hash = word;
  for (let i = 0; i < times; i++) hash = sha256(hash);
  return Uint8Array.from(hash);
}

function paidFor(target: StatementStream['targets'][number] | undefined): number {
  return (target?.watchSats ?? 0) + (target?.giftSats ?? 0);
}

function idOf(stream: StatementStream): StreamId {
  return stream.signed.commitment.streamId;
}
