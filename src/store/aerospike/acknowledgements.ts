/**
 * When a write is acknowledged where the servers keep writes in memory for a while: after the longest time they may
 * take to flush it, and only if the cluster is then still the one on which the write began. A server that was
 * killed has lost what it had not flushed, also when it is back by the end of the wait.
 *
 * Runs in the main thread. Writes do not wait for each other, and reads see what is not acknowledged yet.
 */
import { EngineError } from '../../core/errors.ts';
import type { Store } from '../../ports/store.ts';

export class Acknowledgements {
  readonly #delayMs: number;
  readonly #clusterKey: () => Promise<string>;
  /** The last that the cluster answered; keys do not come back. */
  #seen = '';
  /** Asked when the one before has answered: for all whose wait ends until then. */
  #next: Promise<string> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** `clusterKey` answers another one once a server has joined, left or been started again. */
  constructor(delayMs: number, clusterKey: () => Promise<string>) {
    this.#delayMs = delayMs;
    this.#clusterKey = clusterKey;
  }

  /** Before the first write, and now and then, so that a restart while nobody writes puts no write in doubt. */
  look(): Promise<string> {
    if (this.#next !== undefined) return this.#next;
    const next = this.#last.then(async () => {
      this.#next = undefined;
      this.#seen = await this.#clusterKey();
      return this.#seen;
    });
    this.#next = next;
    this.#last = Promise.allSettled([next]);
    return next;
  }

  /** The store whose writes are answered late, or fail in doubt. */
  delayed(store: Store): Store {
    const later =
      <I extends unknown[], O>(write: (...input: I) => Promise<O>) =>
      async (...input: I): Promise<O> => {
        const before = this.#seen;
        const answer = await write(...input);
        await new Promise<void>((resolve) => void setTimeout(resolve, this.#delayMs));
        if ((await this.look()) === before) return answer;
        throw new EngineError('STORE_FAILED', {
          message: 'A server of the cluster went or came while this was written; it may be lost.',
          inDoubt: true,
        });
      };
    return {
      ...store,
      createRound: later((input) => store.createRound(input)),
      acquireRound: later((roundId) => store.acquireRound(roundId)),
      appendSegment: later((write) => store.appendSegment(write)),
      saveSnapshot: later((write) => store.saveSnapshot(write)),
      finishRound: later((write) => store.finishRound(write)),
      hold: later((hold) => store.hold(hold)),
      shrinkHold: later((change) => store.shrinkHold(change)),
      post: later((entry) => store.post(entry)),
      commitSettlement: later((commit) => store.commitSettlement(commit)),
      commitRefund: later((refund) => store.commitRefund(refund)),
      advanceTransaction: later((change) => store.advanceTransaction(change)),
      addCoins: later((input) => store.addCoins(input)),
      putReceipt: later((roundId, bytes) => store.putReceipt(roundId, bytes)),
    };
  }
}
