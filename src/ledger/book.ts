/**
 * The book in memory: balances under the rules of double entry. The memory store, the simulator and the tests
 * keep their money in it; a durable store has to behave the same.
 *
 * Invariants: all balances together are zero; none but the contra accounts is below zero; an entry id counts
 * once. A refused entry changes nothing. Not bounded by itself: its owner bounds what it posts.
 */
import { type Refusal, refuse } from '../core/errors.ts';
import { type JournalEntry, type LedgerAccount, assertBalanced, mayBeNegative } from './journal.ts';

export type PostOutcome =
  | { readonly ok: true /** False when the id was posted before. */; readonly applied: boolean }
  | Refusal<'INSUFFICIENT_FUNDS'>;

export class Book {
  readonly #balances = new Map<LedgerAccount, number>();
  readonly #posted = new Set<string>();

  balance(account: LedgerAccount): number {
    return this.#balances.get(account) ?? 0;
  }

  /** Posts all legs or none. Asserts that the entry is balanced. */
  post(entry: JournalEntry): PostOutcome {
    assertBalanced(entry);
    if (this.#posted.has(entry.id)) return { ok: true, applied: false };
    const after = new Map<LedgerAccount, number>();
    for (const { account, sats } of entry.legs) {
      after.set(account, (after.get(account) ?? this.balance(account)) + sats);
    }
    for (const [account, balance] of after) {
      if (balance < 0 && !mayBeNegative(account)) return refuse('INSUFFICIENT_FUNDS');
    }
    for (const [account, balance] of after) {
      if (balance === 0) this.#balances.delete(account);
      else this.#balances.set(account, balance);
    }
    this.#posted.add(entry.id);
    return { ok: true, applied: true };
  }

  hasPosted(entryId: string): boolean {
    return this.#posted.has(entryId);
  }

  /** Every balance that is not zero. */
  trialBalance(): ReadonlyMap<LedgerAccount, number> {
    return new Map(this.#balances);
  }
}
