/** The making of a stream: secrets, chains of words, and the commitment that the viewer signs. */
import { assert } from '../core/assert.ts';
import { toHex } from '../core/bytes.ts';
import type { RoundId, StreamId } from '../core/ids.ts';
import { sats } from '../core/sats.ts';
import { FRAME, type OpenMessage, type WelcomeMessage } from '../protocol/messages.ts';
import { encodeCommitment } from '../voucher/commitment.ts';
import { HashChain } from '../voucher/hash-chain.ts';
import { type ChainBudget, planChains } from './chain-plan.ts';
import type { Identity } from './identity.ts';
import type { ClientPlatform } from './platform.ts';
import type { StreamRecord } from './storage.ts';

/** A commitment is valid from a little earlier than now, so that a clock that is ahead does no harm. */
const BACKDATE_MS = 60_000;
const VALID_MS = 12 * 3_600_000;

export function newStreamRecord(
  input: { readonly roundId: RoundId; readonly budget: ChainBudget; readonly earlierSats: number },
  platform: Pick<ClientPlatform, 'random'>,
): StreamRecord {
  const { roundId, earlierSats } = input;
  const { chains, holdSats } = planChains(input.budget);
  return {
    roundId,
    streamId: toHex(platform.random.bytes(16)) as StreamId,
    chains: chains.map((chain) => ({ ...chain, seed: platform.random.bytes(32) })),
    holdSats,
    earlierSats,
    revealed: chains.map(() => 0),
    watching: null,
    gifts: [],
  };
}

/** Costs one hash for each word of each chain. */
export function wordsOf(record: StreamRecord, platform: Pick<ClientPlatform, 'sha256'>): HashChain[] {
  return record.chains.map(({ seed, length }) =>
    HashChain.fromSeed({ seed, length, sha256: platform.sha256 }),
  );
}

/** OPEN, but for its ref: the commitment is for the connection whose WELCOME is given. */
export function openMessage(input: {
  readonly record: StreamRecord;
  readonly words: readonly HashChain[];
  readonly identity: Identity;
  readonly welcome: WelcomeMessage;
  readonly rateSatsPerSecond: number;
  /** Server time. */
  readonly nowMs: number;
  /** Shown to others, 1 to 32 characters. */
  readonly name: string;
  readonly platform: Pick<ClientPlatform, 'sha256' | 'signatures'>;
}): Omit<OpenMessage, 'ref'> {
  const { record, words, identity, welcome, platform } = input;
  const nowMs = Math.floor(input.nowMs);
  const commitment = encodeCommitment({
    version: 1,
    network: welcome.network,
    streamId: record.streamId,
    payer: identity.account,
    roundId: record.roundId,
    chains: record.chains.map((chain, at) => {
      const word = words[at];
      assert(word !== undefined, 'a chain of words for each chain of the record');
      return { unitSats: sats(chain.unitSats), length: chain.length, anchor: word.anchor };
    }),
    rateSatsPerSecond: input.rateSatsPerSecond,
    notBeforeMs: Math.max(0, nowMs - BACKDATE_MS),
    expiryMs: nowMs + VALID_MS,
    nonce: welcome.nonce,
  });
  return {
    type: FRAME.OPEN,
    commitment,
    signature: platform.signatures.sign(platform.sha256(commitment), identity.privateKey),
    name: input.name,
    holdSats: record.holdSats,
  };
}
