/**
 * Connections that fail the way real ones do: the process behind them dies between two writes, an answer is
 * lost, a write arrives long after everybody has given it up. They stand in front of a real server.
 */
import { Prng } from '../../src/core/prng.ts';
import type { Mutation, Outcome } from '../../src/store/aerospike/mutation.ts';
import { type Wire, WireError } from '../../src/store/aerospike/wire.ts';

/** What becomes of the write at which the process dies. */
export const DEATHS = ['lost', 'unanswered', 'late'] as const;
export type Death = (typeof DEATHS)[number];

const dead = (): WireError => new WireError('unanswered', 'the process is dead', undefined);

/** Works until `writes` mutations were made, then dies at the next one, for good. */
export class MortalWire implements Wire {
  readonly #wire: Wire;
  readonly #death: Death;
  #left: number;
  #late: Mutation | undefined;
  isDead = false;

  constructor(wire: Wire, writes: number, death: Death) {
    this.#wire = wire;
    this.#left = writes;
    this.#death = death;
  }

  /** The write at which the process died arrives now. */
  async arriveLate(): Promise<void> {
    if (this.#late !== undefined) await this.#wire.mutate(this.#late);
    this.#late = undefined;
  }

  async mutate(mutation: Mutation): Promise<Outcome> {
    this.#check();
    if (this.#left-- > 0) return await this.#wire.mutate(mutation);
    this.isDead = true;
    if (this.#death === 'unanswered') await this.#wire.mutate(mutation);
    if (this.#death === 'late') this.#late = mutation;
    throw dead();
  }

  async get(...input: Parameters<Wire['get']>): ReturnType<Wire['get']> {
    this.#check();
    return await this.#wire.get(...input);
  }

  async getMany(...input: Parameters<Wire['getMany']>): ReturnType<Wire['getMany']> {
    this.#check();
    return await this.#wire.getMany(...input);
  }

  async remove(...input: Parameters<Wire['remove']>): Promise<void> {
    this.#check();
    await this.#wire.remove(...input);
  }

  async scan(...input: Parameters<Wire['scan']>): Promise<void> {
    this.#check();
    await this.#wire.scan(...input);
  }

  flushWithinMs(): Promise<number> {
    return this.#wire.flushWithinMs();
  }

  async clusterKey(): Promise<string> {
    this.#check();
    return await this.#wire.clusterKey();
  }

  close(): void {
    // The connection behind it is shared.
  }

  #check(): void {
    if (this.isDead) throw dead();
  }
}

/** Loses the answers of some writes, and some writes before they are applied; which ones, `seed` says. */
export function forgetfulWire(wire: Wire, seed: number): Wire {
  const random = new Prng(seed);
  return {
    ...wire,
    async mutate(mutation) {
      const fate = random.below(100);
      if (fate >= 15) return await wire.mutate(mutation);
      if (fate >= 5) await wire.mutate(mutation);
      throw new WireError('unanswered', 'the request or its answer was lost', undefined);
    },
  };
}
