/** Balances, holds and the journal of the memory store. */
import { refuse } from '../../core/errors.ts';
import { type RoundId, compareIds } from '../../core/ids.ts';
import { type JournalEntry, ledgerAccounts } from '../../ledger/journal.ts';
import type { AccountStore, Hold } from '../../ports/store.ts';
import { holdEntry, isSameHold, releaseEntry, takesHolds } from '../holds.ts';
import { balancesAfter } from '../postings.ts';
import type { MemoryState } from './state.ts';

/** 'posted', 'replayed' when the id was posted before, or 'insufficient' with nothing done. */
export function postEntry(state: MemoryState, entry: JournalEntry): 'posted' | 'replayed' | 'insufficient' {
  if (state.entryIds.has(entry.id)) return 'replayed';
  const balances = balancesAfter(entry, (account) => state.balances.get(account) ?? 0);
  if (balances === undefined) return 'insufficient';
  for (const [account, balance] of balances) {
    if (balance === 0) state.balances.delete(account);
    else state.balances.set(account, balance);
  }
  state.entryIds.add(entry.id);
  const no = state.entries.push(entry);
  for (const account of new Set(entry.legs.map((leg) => leg.account))) {
    const list = state.entriesOf.get(account);
    if (list === undefined) state.entriesOf.set(account, [no]);
    else list.push(no);
  }
  return 'posted';
}

export function openHoldsOf(state: MemoryState, roundId: RoundId): readonly Hold[] {
  const holds = [...(state.openHolds.get(roundId)?.values() ?? [])];
  return holds.toSorted((a, b) => compareIds(a.streamId, b.streamId));
}

export function memoryAccounts(state: MemoryState): AccountStore {
  const balanceOf = (account: Parameters<AccountStore['readBalance']>[0]): number =>
    state.balances.get(account) ?? 0;
  return {
    async readBalances(account) {
      return {
        availableSats: balanceOf(ledgerAccounts.available(account)),
        heldSats: balanceOf(ledgerAccounts.held(account)),
        earnedSats: balanceOf(ledgerAccounts.earned(account)),
      };
    },

    async readBalance(account) {
      return balanceOf(account);
    },

    async hold(hold) {
      const before = state.streams.get(hold.streamId);
      if (before !== undefined) {
        const open = state.openHolds.get(before)?.get(hold.streamId);
        return isSameHold(open, hold) ? { ok: true } : refuse('STREAM_EXISTS');
      }
      if (!takesHolds(state.rounds.get(hold.roundId)?.phase)) return refuse('ROUND_OVER');
      if (postEntry(state, holdEntry(hold)) === 'insufficient') return refuse('INSUFFICIENT_FUNDS');
      const { streamId, roundId, account, sats } = hold;
      state.streams.set(streamId, roundId);
      const holds = state.openHolds.get(roundId) ?? new Map<Hold['streamId'], Hold>();
      state.openHolds.set(roundId, holds.set(streamId, { streamId, roundId, account, sats }));
      return { ok: true };
    },

    async shrinkHold({ streamId, toSats, atMs }) {
      const roundId = state.streams.get(streamId);
      if (roundId === undefined) return;
      const holds = state.openHolds.get(roundId);
      const hold = holds?.get(streamId);
      if (holds === undefined || hold === undefined || hold.sats <= toSats) return;
      postEntry(state, releaseEntry({ ...hold, fromSats: hold.sats, toSats, atMs }));
      if (toSats === 0) holds.delete(streamId);
      else holds.set(streamId, { ...hold, sats: toSats });
    },

    async holdsOfRound(roundId) {
      return openHoldsOf(state, roundId);
    },

    async post(entry) {
      const outcome = postEntry(state, entry);
      return outcome === 'insufficient'
        ? refuse('INSUFFICIENT_FUNDS')
        : { ok: true, applied: outcome === 'posted' };
    },

    async listEntries({ account, limit, before }) {
      const nos = (state.entriesOf.get(account) ?? []).filter((no) => before === undefined || no < before);
      const page: (JournalEntry & { no: number })[] = [];
      for (const no of nos.toReversed().slice(0, limit)) {
        const entry = state.entries[no - 1];
        if (entry !== undefined) page.push({ ...entry, no });
      }
      return page;
    },

    async trialBalance() {
      return new Map(state.balances);
    },
  };
}
