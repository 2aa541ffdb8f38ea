/** Planted bugs of the store, settlement and the outbox. */
import { type JournalEntry, ledgerAccounts } from '../../ledger/journal.ts';
import type { StreamId } from '../../core/ids.ts';
import type { Hold, RoundWrite } from '../../ports/store.ts';
import { holdEntry, takesHolds } from '../../store/holds.ts';
import { lastEndMs } from '../plan.ts';
import { onAnotherMachine } from './focus.ts';
import { type Canary, NO_CANARY, plant } from './canary.ts';

export const MONEY_CANARIES: readonly Canary[] = [
  plant('payout-rounding', 'of two payees one gets a sat of the other', {
    disk: (store) => ({
      ...store,
      commitSettlement: (commit) => store.commitSettlement({ ...commit, entry: shifted(commit.entry) }),
    }),
  }),

  plant('stale-owner-may-write', 'the generation of a save is not looked at', {
    disk: (store, state) => {
      const owned = (write: RoundWrite): RoundWrite => {
        const round = state.rounds.get(write.roundId);
        if (round === undefined || round.generation === write.generation) return write;
        return { ...write, generation: round.generation, seq: round.seq + 1 };
      };
      return {
        ...store,
        appendSegment: (write) => store.appendSegment(owned(write)),
        saveSnapshot: (write) => store.saveSnapshot(owned(write)),
      };
    },
  }),

  plant('generation-not-raised', 'acquiring a round leaves its generation as it was', {
    disk: (store, state) => ({
      ...store,
      async acquireRound(roundId) {
        const round = state.rounds.get(roundId);
        const before = round?.generation ?? 0;
        const saved = await store.acquireRound(roundId);
        if (round === undefined || !saved.ok || before === 0) return saved;
        round.generation = before;
        return { ...saved, generation: before };
      },
    }),
  }),

  plant('refund-pays-words', 'the refund of a cancelled round keeps a sat for a participant', {
    disk: (store, state) => ({
      ...store,
      commitRefund: (commit) => {
        const payee = state.rounds.get(commit.roundId)?.terms.participants[0]?.account ?? '';
        const legs = commit.entry.legs.map((leg) => ({ ...leg }));
        const credited = legs.find(({ account, sats }) => account.endsWith(':available') && sats > 1);
        if (credited === undefined) return store.commitRefund(commit);
        credited.sats -= 1;
        legs.push({ account: `earned:${payee}` as (typeof legs)[number]['account'], sats: 1 });
        return store.commitRefund({ ...commit, entry: { ...commit.entry, legs } });
      },
    }),
  }),

  plant('segment-lost', 'a segment is answered and not stored', {
    disk: (store, state) => ({
      ...store,
      appendSegment(write) {
        const round = state.rounds.get(write.roundId);
        if (round === undefined || write.seq % 7 !== 0) return store.appendSegment(write);
        round.seq = Math.max(round.seq, write.seq);
        return Promise.resolve({ ok: true });
      },
    }),
  }),

  plant('hold-after-the-end', 'a round whose holds were closed gets new ones', {
    focus: (plan) => ({
      ...onAnotherMachine(plan, { lateChance: 0.5, lateMs: 8_000 }),
      viewers: plan.viewers.map((viewer) => ({ ...viewer, fundsSats: 200_000, actEveryMs: 300 })),
    }),
    storeFlaws: { ...NO_CANARY.storeFlaws, blindWhenLate: ['hold'] },
    disk: (store, state) => ({
      ...store,
      hold(hold) {
        const { streamId, roundId, account, sats } = hold;
        const fundsSats = state.balances.get(ledgerAccounts.available(account)) ?? 0;
        const isRefused = !takesHolds(state.rounds.get(roundId)?.phase);
        if (!isRefused || state.streams.has(streamId) || fundsSats < sats) return store.hold(hold);
        const holds = state.openHolds.get(roundId) ?? new Map<StreamId, Hold>();
        state.openHolds.set(roundId, holds.set(streamId, hold));
        state.streams.set(streamId, roundId);
        return store.post(holdEntry(hold)).then(() => ({ ok: true }));
      },
    }),
  }),

  plant('outbox-changes-bytes', 'a transaction that is sent again has other bytes', {
    focus: (plan) => ({
      ...plan,
      calmAtMs: lastEndMs(plan) + 20_000,
      chain: { ...plan.chain, lostAnswerChance: 0.3, refusedChance: 0.3 },
    }),
    broadcaster: (client) => {
      const sent = new Set<string>();
      return {
        ...client,
        submit: (transactions) =>
          client.submit(
            transactions.map(({ txid, ef }) => {
              const again = sent.has(txid);
              sent.add(txid);
              return { txid, ef: again ? Uint8Array.from([...ef.slice(0, -1), 1]) : ef };
            }),
          ),
      };
    },
  }),

  plant('settled-without-payouts', 'a settlement is stored without its transactions', {
    disk: (store) => {
      return {
        ...store,
        commitSettlement: (commit) =>
          store.commitSettlement({ ...commit, transactions: [], reservedCoins: [], changeCoins: [] }),
      };
    },
  }),

  plant('payout-misbooked', 'a payout is booked with a sat of one payee on another', {
    disk: (store) => ({
      ...store,
      advanceTransaction: (change) =>
        store.advanceTransaction(
          change.to === 'accepted' ? { ...change, entry: shifted(change.entry) } : change,
        ),
    }),
  }),
];

/** One sat from one payee's leg to another's: the entry still sums to zero. */
function shifted(entry: JournalEntry): JournalEntry {
  const legs = entry.legs.map((leg) => ({ ...leg }));
  const payees = legs.filter(({ account, sats }) => account.startsWith('earned:') && Math.abs(sats) > 1);
  const [from, to] = payees;
  if (from === undefined || to === undefined) return entry;
  from.sats -= 1;
  to.sats += 1;
  return { ...entry, legs };
}
