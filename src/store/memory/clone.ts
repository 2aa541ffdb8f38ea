/** A copy of the tables that shares nothing that changes: the simulator goes back to it when power is lost. */
import { type MemoryState } from './state.ts';

export function cloneState(state: MemoryState): MemoryState {
  return {
    rounds: mapped(state.rounds, (round) => ({ ...round, segments: [...round.segments] })),
    balances: new Map(state.balances),
    entries: [...state.entries],
    entryIds: new Set(state.entryIds),
    entriesOf: mapped(state.entriesOf, (numbers) => [...numbers]),
    streams: new Map(state.streams),
    openHolds: mapped(state.openHolds, (holds) => new Map(holds)),
    coins: new Map(state.coins),
    transactions: mapped(state.transactions, (stored) => ({ ...stored })),
    settlements: new Map(state.settlements),
    refundedRounds: new Set(state.refundedRounds),
    receipts: new Map(state.receipts),
  };
}

function mapped<K, V>(map: ReadonlyMap<K, V>, copy: (value: V) => V): Map<K, V> {
  return new Map([...map].map(([key, value]) => [key, copy(value)]));
}
