/**
 * What waits for a round actor. Owned by the shard thread; one per round, emptied whole before each step.
 * It fills while the round is being restored, or when one round gets more in a loop turn than its share.
 *
 * Bounded: words and viewers' requests are counted, and "full" is a return value. Never refused are answers
 * of the store, the supervisor's inputs and `detach`: there are only as many as effects, rounds or
 * connections, each of which has a bound of its own, and losing one would leave the round wrong.
 */
import type { RoundInput } from '../round/inputs.ts';
import { PAYMENT_ROW_BYTES } from '../round/payment-batch.ts';

export interface MailboxLimits {
  /** Words waiting. */
  readonly rowsMax: number;
  /** Viewers' requests waiting. */
  readonly inputsMax: number;
}

export const MAILBOX_LIMITS: MailboxLimits = { rowsMax: 262_144, inputsMax: 65_536 };

/** Inputs that viewers cause at will; the others are never refused. Words are counted by rows. */
export type BoundedInput = Extract<
  RoundInput,
  { kind: 'open' | 'attach' | 'watch' | 'clap' | 'vote' | 'closeStream' }
>;

export function isBounded(input: RoundInput): input is BoundedInput {
  switch (input.kind) {
    case 'open':
    case 'attach':
    case 'watch':
    case 'clap':
    case 'vote':
    case 'closeStream':
      return true;
    default:
      return false;
  }
}

export class Mailbox {
  readonly #limits: MailboxLimits;
  #waiting: RoundInput[] = [];
  #rows = 0;
  #bounded = 0;

  constructor(limits: MailboxLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** False when it is full for this kind of input. A batch of words is taken whole or not at all. */
  put(input: RoundInput): boolean {
    if (input.kind === 'payments') {
      const rows = input.batch.length / PAYMENT_ROW_BYTES;
      if (this.#rows + rows > this.#limits.rowsMax) return false;
      this.#rows += rows;
    } else if (isBounded(input)) {
      if (this.#bounded >= this.#limits.inputsMax) return false;
      this.#bounded++;
    }
    this.#waiting.push(input);
    return true;
  }

  /** Everything that waits, in order; the mailbox is empty after. */
  takeAll(): RoundInput[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#rows = 0;
    this.#bounded = 0;
    return taken;
  }
}
