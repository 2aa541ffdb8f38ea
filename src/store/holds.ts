/**
 * Journal entries that stores write by themselves for holds, and the check that an entry which closes the
 * holds of a round takes out of `held` exactly what those holds still are. Pure.
 */
import { assert } from '../core/assert.ts';
import { EngineError } from '../core/errors.ts';
import type { AccountId, StreamId } from '../core/ids.ts';
import { SATS_MAX } from '../core/sats.ts';
import { type JournalEntry, ledgerAccounts } from '../ledger/journal.ts';
import type { Hold } from '../ports/store.ts';
import type { Phase } from '../round/terms.ts';

/** Whether what is open for the stream is what is asked for now; the store has seen the stream id before. */
export function isSameHold(open: Hold | undefined, asked: Hold): boolean {
  return open?.roundId === asked.roundId && open.account === asked.account && open.sats === asked.sats;
}

/** Whether a round that is saved in this phase may still get holds; a store may not have the round at all. */
export function takesHolds(phase: Phase | undefined): boolean {
  return phase !== 'settling' && phase !== 'settled' && phase !== 'cancelled';
}

export function holdEntry(hold: Hold & { readonly atMs: number }): JournalEntry {
  assert(
    Number.isSafeInteger(hold.sats) && hold.sats > 0 && hold.sats <= SATS_MAX,
    `hold of ${hold.sats} sats`,
  );
  return {
    id: `hold:${hold.streamId}`,
    kind: 'hold',
    atMs: hold.atMs,
    legs: [
      { account: ledgerAccounts.available(hold.account), sats: -hold.sats },
      { account: ledgerAccounts.held(hold.account), sats: hold.sats },
    ],
  };
}

/** A hold only ever shrinks, so stream and new size together name the release. */
export function releaseEntry(release: {
  readonly streamId: StreamId;
  readonly account: AccountId;
  readonly fromSats: number;
  readonly toSats: number;
  readonly atMs: number;
}): JournalEntry {
  const sats = release.fromSats - release.toSats;
  return {
    id: `release:${release.streamId}:${release.toSats}`,
    kind: 'release',
    atMs: release.atMs,
    legs: [
      { account: ledgerAccounts.held(release.account), sats: -sats },
      { account: ledgerAccounts.available(release.account), sats },
    ],
  };
}

/**
 * The entry was planned from holds that were read before; if one has been shrunk since, booking it would
 * leave sats held for a stream that is gone. That is a race and not a bug: a retryable error, nothing is
 * done.
 */
export function checkHoldsCovered(entry: JournalEntry, holds: Iterable<Hold>): void {
  const left = new Map<string, number>();
  for (const hold of holds) {
    const account = ledgerAccounts.held(hold.account);
    left.set(account, (left.get(account) ?? 0) + hold.sats);
  }
  for (const { account, sats } of entry.legs) {
    if (account.endsWith(':held')) left.set(account, (left.get(account) ?? 0) + sats);
  }
  for (const [account, sats] of left) if (sats !== 0) throw holdsMoved(entry, account);
}

function holdsMoved(entry: JournalEntry, account: string): EngineError {
  return new EngineError('STORE_FAILED', {
    message: `Entry ${entry.id} does not take out what is held in ${account}: read the holds and plan again.`,
  });
}
