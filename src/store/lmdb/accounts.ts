/** Holds and postings in the database. */
import { assert } from '../../core/assert.ts';
import { type Refusal, refuse } from '../../core/errors.ts';
import type { AccountId, RoundId, StreamId } from '../../core/ids.ts';
import { type JournalEntry, ledgerAccounts } from '../../ledger/journal.ts';
import type { AccountBalances, AccountStore, Hold, HoldRefusal } from '../../ports/store.ts';
import { checkHoldsCovered, holdEntry, isSameHold, releaseEntry, takesHolds } from '../holds.ts';
import { openHoldCodec, ownerCodec, roundIdCodec } from './codecs.ts';
import type { Transaction, View } from './database.ts';
import { balanceOf, isPosted, postEntry } from './journal.ts';
import { keys, lastId, prefix } from './keys.ts';

export const accountWrites = {
  hold(tx: Transaction, hold: Hold & { readonly atMs: number }): { readonly ok: true } | HoldRefusal {
    if (tx.get(keys.stream(hold.streamId)) !== undefined) {
      const open = tx.read(openHoldCodec, keys.openHold(hold.roundId, hold.streamId));
      return open !== undefined && isSameHold({ ...hold, ...open }, hold)
        ? { ok: true }
        : refuse('STREAM_EXISTS');
    }
    if (!takesHolds(tx.read(ownerCodec, keys.owner(hold.roundId))?.phase)) return refuse('ROUND_OVER');
    if (postEntry(tx, holdEntry(hold)) === 'insufficient') return refuse('INSUFFICIENT_FUNDS');
    tx.put(keys.stream(hold.streamId), roundIdCodec.encode(hold.roundId));
    tx.put(keys.openHold(hold.roundId, hold.streamId), openHoldCodec.encode(hold));
    return { ok: true };
  },

  shrinkHold(tx: Transaction, { streamId, toSats, atMs }: Parameters<AccountStore['shrinkHold']>[0]): null {
    const roundId = tx.read(roundIdCodec, keys.stream(streamId));
    if (roundId === undefined) return null;
    const key = keys.openHold(roundId, streamId);
    const hold = tx.read(openHoldCodec, key);
    if (hold === undefined || hold.sats <= toSats) return null;
    postEntry(tx, releaseEntry({ streamId, account: hold.account, fromSats: hold.sats, toSats, atMs }));
    if (toSats === 0) tx.remove(key);
    else tx.put(key, openHoldCodec.encode({ ...hold, sats: toSats }));
    return null;
  },

  post(
    tx: Transaction,
    entry: JournalEntry,
  ): { readonly ok: true; readonly applied: boolean } | Refusal<'INSUFFICIENT_FUNDS'> {
    const posting = postEntry(tx, entry);
    return posting === 'insufficient'
      ? refuse('INSUFFICIENT_FUNDS')
      : { ok: true, applied: posting === 'posted' };
  },
} as const;

/** Books the entry and closes every hold of the round; false, with nothing written, when not covered. */
export function closeHolds(tx: Transaction, roundId: RoundId, entry: JournalEntry): boolean {
  assert(!isPosted(tx, entry.id), `entry ${entry.id} was posted before what it belongs to`);
  const holds = holdsOfRound(tx, roundId);
  checkHoldsCovered(entry, holds);
  if (entry.legs.length > 0 && postEntry(tx, entry) === 'insufficient') return false;
  for (const { streamId } of holds) tx.remove(keys.openHold(roundId, streamId));
  return true;
}

export function holdsOfRound(view: View, roundId: RoundId): readonly Hold[] {
  const skip = roundId.length + 2;
  return Array.from(view.scan(prefix('H', roundId)), ({ key, value }) => ({
    streamId: lastId(key, skip) as StreamId,
    roundId,
    ...openHoldCodec.decode(value),
  }));
}

export function readBalances(view: View, account: AccountId): AccountBalances {
  return {
    availableSats: balanceOf(view, ledgerAccounts.available(account)),
    heldSats: balanceOf(view, ledgerAccounts.held(account)),
    earnedSats: balanceOf(view, ledgerAccounts.earned(account)),
  };
}
