/** The rounds as the loss of power would leave them, decoded from every save that is durable. */
import type { RoundId } from '../core/ids.ts';
import { assert } from '../core/assert.ts';
import type { RoundWrite } from '../ports/store.ts';
import { applySave } from '../round/save-codec.ts';
import { type RoundState, createRound } from '../round/state.ts';
import { PAID, TIPS } from '../round/stream-table.ts';
import type { RoundTerms } from '../round/terms.ts';
import type { Write } from './write.ts';

export class DurableRounds {
  readonly #rounds = new Map<RoundId, RoundState>();

  take({ method, args }: Write): void {
    if (method === 'createRound') {
      const { terms } = args[0] as { readonly terms: RoundTerms };
      this.#rounds.set(terms.roundId, createRound({ terms, epoch: 0, nowMs: 0 }));
    } else if (method === 'appendSegment' || method === 'saveSnapshot') {
      const { roundId, bytes } = args[0] as RoundWrite;
      const before = this.#rounds.get(roundId);
      assert(before !== undefined, 'a round is made before it is saved');
      const isSegment = method === 'appendSegment';
      const state = isSegment ? before : createRound({ terms: before.terms, epoch: 0, nowMs: 0 });
      applySave(state, bytes, isSegment ? 'segment' : 'snapshot');
      this.#rounds.set(roundId, state);
    }
  }

  get(roundId: string): RoundState | undefined {
    return this.#rounds.get(roundId as RoundId);
  }

  all(): Iterable<RoundState> {
    return this.#rounds.values();
  }

  /** Highest durable index of each of `chains` chains; undefined when the stream is not durable. */
  tips(roundId: string, streamId: string, chains: number): readonly number[] | undefined {
    const state = this.get(roundId);
    const slot = state?.streams.bySlot.get(streamId as never);
    if (state === undefined || slot === undefined) return undefined;
    return Array.from({ length: chains }, (_, chain) => state.streams.number(slot, TIPS + chain));
  }

  paidSats(roundId: string, streamId: string): number {
    const state = this.get(roundId);
    const slot = state?.streams.bySlot.get(streamId as never);
    return state === undefined || slot === undefined ? 0 : state.streams.amount(slot, PAID);
  }
}
