/** Arbitrary valid messages of the wire protocol, over the whole range of each field. */
import * as fc from 'fast-check';
import { toHex } from '../../src/core/bytes.ts';
import { CODES, type Code } from '../../src/core/errors.ts';
import type { AccountId, ParticipantId, RoundId, StreamId, Txid } from '../../src/core/ids.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { SATS_MAX } from '../../src/core/sats.ts';
import { isCleanText } from '../../src/protocol/fields.ts';
import { AGENT_CHARS_MAX, MESSAGE_CHARS_MAX } from '../../src/protocol/frame-sizes.ts';
import { type ClientMessage, FRAME, type ServerMessage } from '../../src/protocol/messages.ts';
import type { PublicDelta, PublicGift, PublicResult, PublicState } from '../../src/round/public-state.ts';
import { PHASES } from '../../src/round/terms.ts';
import { NETWORKS, type WordReveal } from '../../src/voucher/types.ts';

type Arb<T> = fc.Arbitrary<T>;

const u8: Arb<number> = fc.integer({ min: 0, max: 0xff });
const u16: Arb<number> = fc.integer({ min: 0, max: 0xffff });
export const u32: Arb<number> = fc.integer({ min: 0, max: 0xffff_ffff });
const ref: Arb<number> = fc.integer({ min: 1, max: 0xffff_ffff });
export const amount: Arb<number> = fc.oneof(u8, u32, fc.integer({ min: 0, max: SATS_MAX }));
export const time: Arb<number> = fc.oneof(u8, u32, fc.maxSafeNat());
const target: Arb<number> = fc.integer({ min: 0, max: LIMITS.participantsMax - 1 });

export function bin(size: number): Arb<Uint8Array> {
  return fc.uint8Array({ minLength: size, maxLength: size });
}

function hex<T extends string>(size: number): Arb<T> {
  return bin(size).map((bytes) => toHex(bytes) as T);
}

function idText<T extends string>(lengthMax: number): Arb<T> {
  return fc.stringMatching(new RegExp(`^[a-z0-9][a-z0-9-]{0,${lengthMax - 1}}$`)).map((id) => id as T);
}

export const streamId: Arb<StreamId> = hex(16);
export const accountId: Arb<AccountId> = hex(20);
export const roundId: Arb<RoundId> = idText(48);
const txid: Arb<Txid> = hex(32);
const participantId: Arb<ParticipantId> = idText(24);

/** Any clean text, astral characters included. */
function text(charsMax: number): Arb<string> {
  return fc
    .string({ unit: 'binary', maxLength: charsMax })
    .filter((candidate) => isCleanText(candidate, charsMax));
}

export const wordReveal: Arb<WordReveal> = fc.record({ chain: u8, index: u32, word: bin(32) });

export const clientMessage: Arb<ClientMessage> = fc.oneof(
  fc.record({
    type: fc.constant(FRAME.AUTH),
    publicKey: bin(33),
    signature: bin(64),
    agent: text(AGENT_CHARS_MAX),
  }),
  fc.record({
    type: fc.constant(FRAME.JOIN),
    ref,
    round: roundId,
    resume: fc.option(fc.record({ epoch: u32, seq: u32 })),
  }),
  fc.record({ type: fc.constant(FRAME.LEAVE), handle: u32 }),
  fc.record({
    type: fc.constant(FRAME.OPEN),
    ref,
    commitment: fc.uint8Array({ maxLength: LIMITS.commitmentBytesMax }),
    signature: bin(64),
    name: text(LIMITS.nameCharsMax),
    holdSats: amount,
  }),
  fc.record({ type: fc.constant(FRAME.ATTACH), ref, round: roundId, streamId }),
  fc.record({ type: fc.constant(FRAME.CLOSE), stream: u16, ref }),
  fc.record({ type: fc.constant(FRAME.PAY), stream: u16, target: u8, reveal: wordReveal }),
  fc.record({
    type: fc.constant(FRAME.GIFT),
    stream: u16,
    target: u8,
    reveals: fc.uniqueArray(wordReveal, {
      minLength: 1,
      maxLength: LIMITS.chainsMax,
      selector: (reveal) => reveal.chain,
    }),
  }),
  fc.record({
    type: fc.constant(FRAME.WATCH),
    stream: u16,
    target: fc.option(fc.integer({ min: 0, max: 0xfe })),
  }),
  fc.record({ type: fc.constant(FRAME.CLAP), stream: u16, target: u8, count: u32 }),
  fc.record({ type: fc.constant(FRAME.VOTE), stream: u16, target: u8 }),
  fc.record({ type: fc.constant(FRAME.TIME), token: u32 }),
);

const levels = {
  sats: amount,
  satsPerSecond: amount,
  votes: u32,
  claps: amount,
  score: fc.maxSafeNat(),
  rank: fc.integer({ min: 1, max: LIMITS.participantsMax }),
  watchers: u32,
};

const supporters = fc.array(
  fc.record({ account: accountId, name: text(LIMITS.nameCharsMax), sats: amount }),
  { maxLength: LIMITS.supportersShown },
);

const gifts: Arb<PublicGift[]> = fc.array(
  fc.record({
    no: u32,
    from: text(LIMITS.nameCharsMax),
    account: accountId,
    target,
    sats: amount,
    atMs: time,
  }),
  { maxLength: LIMITS.giftsShown },
);

const result: Arb<PublicResult> = fc.record({
  ranking: fc.array(target, { maxLength: LIMITS.participantsMax }),
  paidSats: amount,
  directSats: amount,
  poolSats: amount,
  platformSats: amount,
  participantSats: fc.array(amount, { maxLength: LIMITS.participantsMax }),
  txids: fc.array(txid, { maxLength: 40 }),
  status: fc.constantFrom('planned' as const, 'accepted' as const, 'mined' as const),
});

export const publicState: Arb<PublicState> = fc.record({
  roundId,
  title: text(LIMITS.titleCharsMax),
  phase: fc.constantFrom(...PHASES),
  startsAtMs: time,
  endsAtMs: fc.option(time),
  endHeight: fc.option(u32),
  cutoffAtMs: fc.option(time),
  rateSatsPerSecond: fc.integer({ min: 0, max: LIMITS.rateSatsPerSecondMax }),
  payEveryMs: u32,
  atMs: time,
  viewers: u32,
  participants: fc.array(fc.record({ id: participantId, name: text(LIMITS.nameCharsMax), ...levels }), {
    maxLength: LIMITS.participantsMax,
  }),
  supporters,
  gifts,
  result: fc.option(result),
});

export const publicDelta: Arb<PublicDelta> = fc.record(
  {
    atMs: time,
    phase: fc.constantFrom(...PHASES),
    startsAtMs: time,
    endsAtMs: fc.option(time),
    cutoffAtMs: fc.option(time),
    payEveryMs: u32,
    viewers: u32,
    participants: fc.array(fc.record({ index: target, ...levels }), { maxLength: LIMITS.participantsMax }),
    supporters,
    gifts,
    result,
  },
  { requiredKeys: ['atMs'] },
);

const head = { handle: u32, epoch: u32, seq: u32 };
const indexes = fc.array(u32, { minLength: 1, maxLength: LIMITS.chainsMax });

export const serverMessage: Arb<ServerMessage> = fc.oneof(
  fc.record({
    type: fc.constant(FRAME.WELCOME),
    v: fc.constant(1 as const),
    network: fc.constantFrom(...NETWORKS),
    nonce: bin(32),
    serverTimeMs: fc.oneof(
      time,
      fc.double({ min: 0, max: 2 ** 41, noNaN: true }).map((value) => value + 0), // no -0
    ),
    authTimeoutMs: u32,
    idleTimeoutMs: u32,
    maxFrameBytes: u32,
  }),
  fc.record({ type: fc.constant(FRAME.READY), account: accountId }),
  fc.record({ type: fc.constant(FRAME.JOINED), ref, round: roundId, handle: u32, resumed: fc.boolean() }),
  fc.record({
    type: fc.constant(FRAME.STREAM),
    ref: u32,
    stream: u16,
    round: roundId,
    streamId,
    holdSats: amount,
    paidSats: amount,
    watchSats: amount,
    watchFromMs: time,
    indexes,
    vote: fc.option(target),
    claps: fc.array(u32, { maxLength: LIMITS.participantsMax }),
    watching: fc.option(target),
  }),
  fc.record({
    type: fc.constant(FRAME.ERROR),
    ref: u32,
    stream: fc.option(u16),
    code: fc.constantFrom(...(Object.keys(CODES) as Code[])),
    message: text(MESSAGE_CHARS_MAX),
    retryable: fc.boolean(),
    frame: fc.nat(0xff),
  }),
  fc.record({
    type: fc.constant(FRAME.ENDED),
    ref: u32,
    stream: u16,
    reason: fc.constantFrom(...(['closed', 'replaced', 'taken', 'roundOver', 'cancelled'] as const)),
    paidSats: amount,
  }),
  fc.record({ type: fc.constant(FRAME.KEYFRAME), ...head, state: publicState }),
  fc.record({ type: fc.constant(FRAME.DELTA), ...head, delta: publicDelta }),
  fc.record({ type: fc.constant(FRAME.PAID), stream: u16, indexes }),
  fc.record({ type: fc.constant(FRAME.CLOCK), token: u32, serverTimeMs: time }),
);
