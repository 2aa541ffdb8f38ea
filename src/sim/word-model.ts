/**
 * What viewers have said, as seen on the wire and judged without the engine's code: which words each stream has really
 * revealed, in which messages, who voted, how often anybody clapped. Whatever the engine charges has to be in here.
 */
import { decodeCommitment } from '../voucher/commitment.ts';
import type { Commitment, WordReveal } from '../voucher/types.ts';
import { sha256 } from '../platform/hash.ts';
import type { ClientMessage } from '../protocol/messages.ts';
import { FRAME } from '../protocol/messages.ts';

interface ChainModel {
  readonly anchor: Uint8Array;
  readonly unitSats: number;
  /** Highest word that leads to the anchor. */
  index: number;
  word: Uint8Array;
  /** By index: the other reveals of messages that had it; an empty list when one had it alone. */
  readonly companions: Map<number, readonly (readonly WordReveal[])[]>;
}

export interface StreamModel {
  readonly commitment: Commitment;
  readonly chains: readonly ChainModel[];
  /** By participant: the highest count of claps that was claimed. */
  readonly claps: Map<number, number>;
}

export class WordModel {
  readonly #streams = new Map<string, StreamModel>();
  /** `round:target` to the accounts that voted for it. */
  readonly #votes = new Map<string, Set<string>>();

  /** By stream and payer: a liar may claim the id of somebody else. */
  stream(streamId: string, payer: string): StreamModel | undefined {
    return this.#streams.get(`${streamId}:${payer}`);
  }

  voters(roundId: string, target: number): number {
    return this.#votes.get(`${roundId}:${target}`)?.size ?? 0;
  }

  /** `streamOf`: what the numbers of the connection stand for. */
  said(message: ClientMessage, account: string, streamOf: (number: number) => string | undefined): void {
    if (message.type === FRAME.OPEN) return this.#opened(message.commitment);
    if (!('stream' in message)) return;
    const stream = this.stream(streamOf(message.stream) ?? '', account);
    if (stream === undefined) return;
    switch (message.type) {
      case FRAME.PAY:
        return this.#revealed(stream, [message.reveal]);
      case FRAME.GIFT:
        return this.#revealed(stream, message.reveals);
      case FRAME.CLAP:
        stream.claps.set(message.target, Math.max(message.count, stream.claps.get(message.target) ?? 0));
        return;
      case FRAME.VOTE: {
        const key = `${stream.commitment.roundId}:${message.target}`;
        const voters = this.#votes.get(key) ?? new Set();
        this.#votes.set(key, voters.add(account));
        return;
      }
      default:
    }
  }

  #opened(bytes: Uint8Array): void {
    const decoded = decodeCommitment(bytes);
    if (!decoded.ok) return;
    const { commitment } = decoded;
    const key = `${commitment.streamId}:${commitment.payer}`;
    if (this.#streams.has(key)) return; // the same chains again, for another connection
    const chains = commitment.chains.map(({ anchor, unitSats }) => ({
      anchor: Uint8Array.from(anchor),
      unitSats,
      index: 0,
      word: Uint8Array.from(anchor),
      companions: new Map(),
    }));
    this.#streams.set(key, { commitment, chains, claps: new Map() });
  }

  #revealed(stream: StreamModel, reveals: readonly WordReveal[]): void {
    for (const reveal of reveals) {
      const chain = stream.chains[reveal.chain];
      if (chain === undefined || !isGenuine(chain, reveal)) continue;
      if (reveal.index > chain.index) {
        chain.index = reveal.index;
        chain.word = Uint8Array.from(reveal.word);
      }
      const others = reveals
        .filter((other) => other !== reveal)
        .map((other) => ({ ...other, word: other.word.slice() }));
      chain.companions.set(reveal.index, [...(chain.companions.get(reveal.index) ?? []), others]);
    }
  }
}

/** Hashing the higher of the two as often as they are apart gives the lower. */
function isGenuine(chain: ChainModel, { index, word }: WordReveal): boolean {
  const higher = index > chain.index ? word : chain.word;
  const lower = index > chain.index ? chain.word : word;
  let hash = higher;
  const steps = Math.abs(index - chain.index);
  if (steps > 5_000) return false; // beyond what any message may step over
  for (let step = 0; step < steps; step++) hash = sha256(hash);
  return hash.every((byte, at) => byte === lower[at]);
}

/**
 * Whether a message could have brought the chain's tip to `index` with all it said applied: gifts are applied whole.
 * `tips`: those of the stream now.
 */
export function isReachable(stream: StreamModel, chain: number, tips: readonly number[]): boolean {
  const index = tips[chain] ?? 0;
  if (index === 0) return true;
  const messages = stream.chains[chain]?.companions.get(index) ?? [];
  return messages.some((others) => others.every((other) => other.index <= (tips[other.chain] ?? 0)));
}
