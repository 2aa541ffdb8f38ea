/**
 * Commands to the cluster with everything around them: a bound on those under way, the circuit breaker,
 * retries, and what happens to a write whose answer is lost.
 *
 * A write that was sent and not answered may have been applied, may still be applied, or may never be. It is
 * never just sent again: the record is read and the caller says whether the change is in it. If it is not,
 * the write goes out again, which is safe only because its conditions let it apply once, also when the first
 * one arrives late; a mutation without such conditions is given as `once` and fails instead.
 */
import { EngineError } from '../../core/errors.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { At, Bins, Mutation, Outcome } from './mutation.ts';
import type { AerospikeOptions } from './options.ts';
import { type Wire, WireError } from './wire.ts';

/** Commands that may wait for their turn. */
const WAITING_MAX = 500_000;
const BATCH_MAX = 500;
/** Turns handed over before the list of those who wait is shortened. */
const COMPACT_AT = 10_000;
const PAUSE_MS_MIN = 5;
const PAUSE_MS_MAX = 200;

/** Whether the record as it is now shows that the change was made. */
export type Confirm = (bins: Bins | undefined) => boolean;

export class Records {
  readonly #wire: Wire;
  readonly #options: AerospikeOptions;
  readonly #breaker: CircuitBreaker;
  /** Who waits for a turn, from `#head` on. */
  #waiting: (() => void)[] = [];
  #head = 0;
  #inFlight = 0;
  #isOpen = true;
  #onIdle: (() => void) | undefined;

  constructor(wire: Wire, options: AerospikeOptions) {
    this.#wire = wire;
    this.#options = options;
    const { breakerFailures, breakerOpenMs } = options;
    this.#breaker = new CircuitBreaker({
      failuresMax: breakerFailures,
      openMs: breakerOpenMs,
      nowMs: () => performance.now(),
    });
  }

  /** `only`: these bins; left out, all. */
  get(at: At, only?: readonly string[]): Promise<Bins | undefined> {
    return this.#read(() => this.#wire.get(at, only));
  }

  /** In the order of `ats`, `batch` records a command. */
  async getMany(ats: readonly At[], batch: number = BATCH_MAX): Promise<readonly (Bins | undefined)[]> {
    const parts: (readonly At[])[] = [];
    for (let from = 0; from < ats.length; from += batch) parts.push(ats.slice(from, from + batch));
    const answers = await Promise.all(parts.map((part) => this.#read(() => this.#wire.getMany(part))));
    return answers.flat();
  }

  async scan(set: At['set'], visit: (bins: Bins) => void): Promise<void> {
    await this.#read(() => this.#wire.scan(set, visit));
  }

  /**
   * Applies a change that its conditions let apply once only.
   * @throws {EngineError} `inDoubt` when it could not be found out whether it was applied.
   */
  apply(mutation: Mutation, confirm: Confirm): Promise<Outcome> {
    return this.#write(mutation, confirm, false);
  }

  /** The same for a change that could apply again when it arrives late: unconfirmed, it is not sent again. */
  applyOnce(mutation: Mutation, confirm: Confirm): Promise<Outcome> {
    return this.#write(mutation, confirm, true);
  }

  /** Garbage: fine when it stays, or when it comes back after a cold start. */
  async discard(ats: readonly At[]): Promise<void> {
    await Promise.all(ats.map((at) => this.#send(() => this.#wire.remove(at)).catch(ignoreFault)));
  }

  /**
   * Another one once a server has joined, left or been started again.
   * @throws {EngineError} in doubt: one that does not answer may have lost what it had not flushed.
   */
  async clusterKey(): Promise<string> {
    try {
      return await this.#read(() => this.#wire.clusterKey());
    } catch (error) {
      throw asEngineError(error, true);
    }
  }

  async flushWithinMs(): Promise<number> {
    return await this.#read(() => this.#wire.flushWithinMs());
  }

  /** Waits for what is under way: the client does not survive being closed with an answer outstanding. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    this.#wire.close();
  }

  async #read<T>(command: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#send(command);
      } catch (error) {
        if (!(error instanceof WireError) || error.fault === 'impossible') throw asEngineError(error, false);
        if (tries >= this.#options.retriesMax) throw asEngineError(error, false);
      }
      await pause(tries);
    }
  }

  async #write(mutation: Mutation, confirm: Confirm, once: boolean): Promise<Outcome> {
    let isInDoubt = false;
    for (let tries = 0; ; tries++) {
      let failure: unknown;
      try {
        const outcome = await this.#send(() => this.#wire.mutate(mutation));
        if (outcome.kind === 'applied' || !isInDoubt) return outcome;
        // Refused this time; maybe because the one before was applied after all.
        const bins = await this.#read(() => this.#wire.get(mutation.at));
        return confirm(bins) ? { kind: 'applied', bins: bins ?? {} } : outcome;
      } catch (error) {
        if (!(error instanceof WireError) || error.fault === 'impossible') {
          throw asEngineError(error, isInDoubt);
        }
        isInDoubt ||= error.fault === 'unanswered';
        failure = error;
      }
      if (isInDoubt) {
        const bins = await this.#read(() => this.#wire.get(mutation.at)).catch((error: unknown) => {
          throw asEngineError(error, true);
        });
        if (confirm(bins)) return { kind: 'applied', bins: bins ?? {} };
        if (once) throw asEngineError(failure, true);
      }
      if (tries >= this.#options.retriesMax) throw asEngineError(failure, isInDoubt);
      await pause(tries);
    }
  }

  async #send<T>(command: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    if (this.#inFlight >= this.#options.inFlightMax) {
      if (this.#waiting.length - this.#head >= WAITING_MAX) {
        throw new EngineError('UNAVAILABLE', { message: 'Too many store commands are waiting.' });
      }
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    } else {
      this.#inFlight++;
    }
    try {
      this.#checkOpen(); // it may have been closed while this waited
      if (!this.#breaker.admit()) {
        throw new EngineError('UNAVAILABLE', { message: 'The store has failed repeatedly; trying soon.' });
      }
      const answer = await command();
      this.#breaker.succeeded();
      return answer;
    } catch (error) {
      if (error instanceof WireError && error.fault === 'unanswered') this.#breaker.failed();
      else if (error instanceof WireError) this.#breaker.succeeded();
      throw error;
    } finally {
      this.#handOver();
    }
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new EngineError('UNAVAILABLE', { message: 'The store is closed.' });
  }

  /** The turn that ends goes to whoever has waited longest. */
  #handOver(): void {
    const next = this.#waiting[this.#head];
    if (next === undefined) {
      this.#inFlight--;
      if (this.#inFlight === 0) this.#onIdle?.();
      return;
    }
    this.#head++;
    if (this.#head === this.#waiting.length || this.#head > COMPACT_AT) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    next();
  }
}

function asEngineError(error: unknown, inDoubt: boolean): unknown {
  if (error instanceof EngineError && error.inDoubt === inDoubt) return error;
  if (!(error instanceof WireError || error instanceof EngineError)) return error;
  return new EngineError(error instanceof EngineError ? error.code : 'STORE_FAILED', {
    message: error instanceof EngineError ? error.message : `The store failed: ${error.message}`,
    inDoubt,
    cause: error,
  });
}

function ignoreFault(error: unknown): void {
  if (!(error instanceof WireError || error instanceof EngineError)) throw error;
}

function pause(tries: number): Promise<void> {
  const ms = Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** tries);
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
