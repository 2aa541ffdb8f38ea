/**
 * A stream as the connection that has it sees it: its number on the wire, its slot in the round, the words
 * accepted so far and what is still to be acknowledged. One per open stream; kept small.
 */
import { fromHex } from '../core/bytes.ts';
import type { StreamId } from '../core/ids.ts';
import type { StreamGrant } from '../round/effects.ts';
import type { ClapMessage, CloseMessage, VoteMessage, WatchMessage } from '../protocol/messages.ts';
import { StreamVerifier, type VerifierGrant } from '../voucher/stream-verifier.ts';

/** What is kept for later while the stream is not attached. */
export type HeldMessage = WatchMessage | ClapMessage | VoteMessage | CloseMessage;

/**
 * The chains of the last grant: those of a round's viewers are mostly alike, and every grant comes with copies of its
 * own. Sharing them saves 150 bytes a stream.
 */
let lastTerms: StreamGrant['chains'] = [];

function sharedTerms(chains: StreamGrant['chains']): StreamGrant['chains'] {
  const same =
    chains.length === lastTerms.length &&
    chains.every(({ unitSats, length }, chain) => {
      const last = lastTerms[chain];
      return last?.unitSats === unitSats && last.length === length;
    });
  if (!same) lastTerms = chains;
  return lastTerms;
}

export class EdgeStream {
  /** u16, unique among the streams of the connection. */
  readonly number: number;
  readonly conn: number;
  readonly handle: number;
  readonly streamId: StreamId;
  readonly verifier: StreamVerifier;
  slot: number;
  /** False from the loss of the shard (or of words on the way to it) until the next grant: words are dropped then. */
  attached = true;
  /** When an attach was last asked for, while not attached. */
  attachAskedMs = 0;
  /** The round is over and takes no attach: when the stream ends here, should the round not say so before. */
  endsAtMs: number | null = null;
  /** The viewer paused (WATCH nobody): what becomes durable is acknowledged at once, until the next word. */
  paused = false;
  /** `ref` of the CLOSE under way; 0: none. */
  closeRef = 0;
  /** Highest durable index by chain. */
  durable: readonly number[];
  #chains: StreamGrant['chains'];
  /** `durable` has not been told to the viewer. */
  ackDirty = false;
  /** Waits in the pacer. */
  ackQueued = false;
  ackDueMs = 0;
  held: HeldMessage[] | null = null;

  constructor(input: {
    readonly number: number;
    readonly conn: number;
    readonly handle: number;
    readonly grant: StreamGrant;
  }) {
    const { grant } = input;
    this.number = input.number;
    this.conn = input.conn;
    this.handle = input.handle;
    this.streamId = grant.streamId;
    this.slot = grant.slot;
    this.#chains = sharedTerms(grant.chains);
    this.verifier = new StreamVerifier(this.#verifierGrant(grant));
    this.durable = grant.tips.map((tip) => tip.index);
  }

  /** What `durable` is worth: words are all there is to what a stream has paid. */
  get durableSats(): number {
    return this.durable.reduce((sum, index, chain) => sum + index * (this.#chains[chain]?.unitSats ?? 0), 0);
  }

  /** Starts over from what is durable. */
  regrant(grant: StreamGrant): void {
    this.slot = grant.slot;
    this.#chains = sharedTerms(grant.chains);
    this.verifier.reset(this.#verifierGrant(grant));
    this.attached = true;
    this.endsAtMs = null;
    this.durable = grant.tips.map((tip) => tip.index);
    this.ackDirty = false; // the STREAM that follows says it
  }

  #verifierGrant(grant: StreamGrant): VerifierGrant {
    const tips = grant.tips.map(({ index, word }) => ({ index, word: fromHex(word) }));
    return { ...grant, tips, chains: this.#chains };
  }
}
