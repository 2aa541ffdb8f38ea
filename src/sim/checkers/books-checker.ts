/** The books after each event that wrote: some hundred numbers. */
import { ledgerAccounts, mayBeNegative } from '../../ledger/journal.ts';
import { HOLD, PAID, STATUS, STREAM_OPEN } from '../../round/stream-table.ts';
import type { MemoryState } from '../../store/memory/state.ts';
import type { DurableRounds } from '../durable-rounds.ts';

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

/** Every durable stream of a round that is not settled or refunded has a hold that covers it. */
export function checkHolds(state: MemoryState, rounds: DurableRounds): Finding | undefined {
  for (const round of rounds.all()) {
    const { roundId } = round.terms;
    if (state.settlements.has(roundId) || state.entryIds.has(`refund:${roundId}`)) continue;
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
