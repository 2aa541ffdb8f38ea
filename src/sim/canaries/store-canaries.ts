/** Planted bugs of a store that is a cluster on other machines: answers, retries, late writes, torn lists. */
import type { AccountId, RoundId, StreamId } from '../../core/ids.ts';
import type { JournalEntry } from '../../ledger/journal.ts';
import type { Hold, RoundWrite } from '../../ports/store.ts';
import { holdEntry } from '../../store/holds.ts';
import type { MemoryRound, MemoryState } from '../../store/memory/state.ts';
import { onAnotherMachine } from './focus.ts';
import { NO_CANARY, type Canary, plant } from './canary.ts';

const { storeFlaws } = NO_CANARY;

export const STORE_CANARIES: readonly Canary[] = [
  plant('answer-before-sync', 'a store answers a write while it is in memory only', {
    storeFlaws: { ...storeFlaws, answersUnsynced: true },
  }),

  plant('hold-sent-twice', 'a hold in doubt is sent again, and both count', {
    disk: (store, state) => ({
      ...store,
      async hold(hold) {
        const isThere = state.openHolds.get(hold.roundId)?.has(hold.streamId) === true;
        const answer = await store.hold(hold);
        const { id, ...again } = holdEntry(hold);
        if (answer.ok && isThere) await store.post({ id: `${id}:again`, ...again });
        return answer;
      },
    }),
  }),

  plant('posting-sent-twice', 'a posting in doubt is sent again, and both count', {
    disk: (store, state) => ({
      ...store,
      post(entry) {
        state.entryIds.delete(entry.id);
        return store.post(entry);
      },
    }),
  }),

  plant('late-save-wins', 'a save that arrives late takes the place of what was saved since', {
    focus: (plan) => onAnotherMachine(plan, { lateChance: 0.2, lateMs: 2_000 }),
    storeFlaws: { ...storeFlaws, blindWhenLate: ['appendSegment', 'saveSnapshot'] },
    disk: (store, state) => {
      const goesBack = ({ roundId, generation, seq }: RoundWrite): MemoryRound | undefined => {
        const round = state.rounds.get(roundId);
        return round?.generation === generation && seq < round.seq ? round : undefined;
      };
      return {
        ...store,
        appendSegment(write) {
          const round = goesBack(write);
          if (round === undefined) return store.appendSegment(write);
          const { seq, bytes, phase } = write;
          const before = round.segments.filter((segment) => segment.seq < seq);
          Object.assign(round, { segments: [...before, { seq, bytes }], seq, phase });
          return Promise.resolve({ ok: true });
        },
        saveSnapshot(write) {
          const round = goesBack(write);
          if (round === undefined) return store.saveSnapshot(write);
          const { seq, bytes, phase } = write;
          Object.assign(round, { snapshot: { seq, bytes }, segments: [], seq, phase });
          return Promise.resolve({ ok: true });
        },
      };
    },
  }),

  plant('torn-list-trusted', 'holds are closed as they were listed, not as they are', {
    focus: (plan) => onAnotherMachine(plan, { tornMs: 200 }),
    disk: (store, state) => ({
      ...store,
      commitSettlement(commit) {
        trust(state, commit.roundId, commit.entry);
        return store.commitSettlement(commit);
      },
      commitRefund(commit) {
        trust(state, commit.roundId, commit.entry);
        return store.commitRefund(commit);
      },
    }),
  }),
];

/** Makes the open holds of a round what an entry takes out of `held`. */
function trust(state: MemoryState, roundId: RoundId, { legs }: JournalEntry): void {
  const listed = new Map<StreamId, Hold>();
  for (const { account, sats } of legs) {
    const viewer = /^user:([0-9a-f]+):held$/.exec(account)?.[1] as AccountId | undefined;
    if (viewer === undefined) continue;
    const streamId = `${viewer}:${listed.size}` as StreamId;
    listed.set(streamId, { streamId, roundId, account: viewer, sats: -sats });
  }
  state.openHolds.set(roundId, listed);
}
