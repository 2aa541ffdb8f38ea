/** The books after each event that wrote: some hundred numbers. */
import { type JournalEntry, ledgerAccounts, mayBeNegative } from '../../ledger/journal.ts';
import { HOLD, PAID, STATUS, STREAM_OPEN } from '../../round/stream-table.ts';
import type { MemoryState } from '../../store/memory/state.ts';
import type { DurableRounds } from '../durable-rounds.ts';
import { areHoldsClosed } from '../late-writes.ts';

export interface Finding {
  readonly checker: string;
  readonly message: string;
}

/** Sums to zero, nothing below zero, held is what the open holds are. */
export function checkBooks({ balances, openHolds }: MemoryState): Finding | undefined {
  let sum = 0;
  for (const [account, sats] of balances) {
    sum += sats;
    if (sats < 0 && !mayBeNegative(account))
      return { checker: 'negative', message: `${account} has ${sats} sats` };
  }
  if (sum !== 0) return { checker: 'zero-sum', message: `all balances together are ${sum}` };
  const held = new Map<string, number>();
  for (const holds of openHolds.values()) {
    for (const { account, sats } of holds.values()) {
      const name = ledgerAccounts.held(account);
      held.set(name, (held.get(name) ?? 0) + sats);
    }
  }
  for (const [account, sats] of balances) {
    if (!account.endsWith(':held')) continue;
    if ((held.get(account) ?? 0) !== sats)
      return { checker: 'hold', message: `${account} has ${sats}, its holds are ${held.get(account) ?? 0}` };
    held.delete(account);
  }
  for (const [account, sats] of held)
    if (sats !== 0) return { checker: 'hold', message: `${account} lacks ${sats}` };
  return undefined;
}

/** No entry is booked twice. Looks only at what came since it last did. */
export class EntryChecker {
  #entries: readonly JournalEntry[] = [];
  #seen = new Set<string>();
  #looked = 0;

  check({ entries }: MemoryState): Finding | undefined {
    if (entries !== this.#entries) {
      // Other tables than before: the store went back to what it had synced.
      this.#entries = entries;
      this.#seen = new Set();
      this.#looked = 0;
    }
    for (; this.#looked < entries.length; this.#looked++) {
      const { id } = entries[this.#looked] as JournalEntry;
      if (this.#seen.has(id)) return { checker: 'twice', message: `${id} is booked twice` };
      this.#seen.add(id);
    }
    return undefined;
  }
}

/** Holds of a round that was settled or refunded are closed for good. */
export function checkClosed(state: MemoryState): Finding | undefined {
  for (const [roundId, holds] of state.openHolds) {
    const [hold] = holds.values();
    if (hold === undefined || !areHoldsClosed(state, roundId)) continue;
    return { checker: 'hold', message: `${hold.sats} sats are held for ${roundId}, which is over` };
  }
  return undefined;
}

/** Every durable stream of a round that is not settled or refunded has a hold that covers it. */
export function checkHolds(state: MemoryState, rounds: DurableRounds): Finding | undefined {
  for (const round of rounds.all()) {
    const { roundId } = round.terms;
    if (areHoldsClosed(state, roundId)) continue;
    const holds = state.openHolds.get(roundId);
    const { streams } = round;
    for (let slot = 0; slot < streams.count; slot++) {
      const sats = holds?.get(streams.id(slot))?.sats ?? 0;
      const isOpen = streams.number(slot, STATUS) === STREAM_OPEN;
      const wantedSats = streams.amount(slot, isOpen ? HOLD : PAID);
      if (sats < wantedSats) {
        return { checker: 'hold', message: `${streams.id(slot)} needs a hold of ${wantedSats}, has ${sats}` };
      }
    }
  }
  return undefined;
}
