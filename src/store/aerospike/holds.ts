/**
 * Holds. The money moves in one conditional write to the viewer's record; what goes before it makes sure that
 * the hold can be found by its stream and by its round whenever it exists.
 *
 *   streams/<stream>   who asked for it: acct, round, sats, ms; st: 'c' asked, 'h' held once, for good
 */
import { refuse } from '../../core/errors.ts';
import { type AccountId, type RoundId, type StreamId, compareIds } from '../../core/ids.ts';
import type { AccountStore, Hold, HoldRefusal } from '../../ports/store.ts';
import type { Phase } from '../../round/terms.ts';
import { holdEntry, takesHolds } from '../holds.ts';
import { holdLine, logged, releaseLine, spillLog } from './account-log.ts';
import { accountAt, holdKey, holdsIn, pendingIn, userKey } from './account-rows.ts';
import { integerOf, mapOf, textOf } from './bins.ts';
import { freshId } from './blobs.ts';
import { lockIn, roundAt } from './change-steps.ts';
import { addMember, indexes, membersOf } from './indexes.ts';
import type { At, Bins, Op } from './mutation.ts';
import type { Records } from './records.ts';
import type { Transactions } from './transactions.ts';

type Asked = Hold & { readonly atMs: number };
type Answer = { readonly ok: true } | HoldRefusal;

/** Closed holds that an account remembers. */
const SHUT_MAX = 64;

export class Holds {
  readonly #records: Records;
  readonly #transactions: Transactions;

  constructor(records: Records, transactions: Transactions) {
    this.#records = records;
    this.#transactions = transactions;
  }

  async hold(asked: Asked): Promise<Answer> {
    holdEntry(asked); // asserts the amount
    const { streamId, roundId, account } = asked;
    if (await this.#claim(asked)) {
      return (await this.#isOpenAs(asked)) ? { ok: true } : refuse('STREAM_EXISTS');
    }
    await addMember(this.#records, indexes.holds(roundId), streamId, account);
    const answer = await this.#take(asked);
    if (answer.ok || answer.code === 'STREAM_EXISTS') await this.#markHeld(streamId);
    return answer;
  }

  async shrink({ streamId, toSats, atMs }: Parameters<AccountStore['shrinkHold']>[0]): Promise<void> {
    const claim = await this.#records.get(streamAt(streamId));
    if (claim === undefined) return;
    const account = textOf(claim, 'acct') as AccountId;
    const roundId = textOf(claim, 'round') as RoundId;
    const at = accountAt(userKey(account));
    const key = holdKey(roundId, streamId);
    for (;;) {
      const bins = await this.#records.get(at);
      const fromSats = mapOf(bins, 'holds')[key];
      if (typeof fromSats !== 'number' || fromSats <= toSats) return;
      if (await this.#unbar(at, bins, roundId)) continue;
      const sats = fromSats - toSats;
      const ops: Op[] = [
        { op: 'add', bin: 'b1', by: -sats },
        { op: 'add', bin: 'b0', by: sats },
        ...(toSats === 0 ? closed(key, atMs) : [{ op: 'mapPut', bin: 'holds', key, value: toSats } as const]),
        ...logged(releaseLine({ streamId, account, fromSats, toSats, atMs })),
      ];
      const outcome = await this.#records.apply(
        {
          at,
          ops,
          when: [
            { is: 'lacksKey', bin: 'bars', key: roundId },
            { is: 'keyEquals', bin: 'holds', key, value: fromSats },
            { is: 'atLeast', bin: 'b1', value: sats },
          ],
          existence: 'update',
        },
        (now) => mapOf(now, 'holds')[key] !== fromSats,
      );
      if (outcome.kind !== 'applied') continue;
      await spillLog(this.#records, at, outcome.bins);
      return;
    }
  }

  async ofRound(roundId: RoundId): Promise<readonly Hold[]> {
    const { holds } = await this.standing(roundId);
    return holds;
  }

  /** Open holds of a round, and all accounts that hold or ever asked for one. */
  async standing(
    roundId: RoundId,
  ): Promise<{ readonly holds: readonly Hold[]; readonly accounts: ReadonlySet<AccountId> }> {
    const accounts = await this.accountsOf(roundId);
    const rows = [...accounts].map((account) => ({ account, at: accountAt(userKey(account)) }));
    const found = await this.#records.getMany(rows.map(({ at }) => at));
    const holds: Hold[] = [];
    for (const [i, { account, at }] of rows.entries()) {
      let bins = found[i];
      while (await this.#unbar(at, bins, roundId)) bins = await this.#records.get(at);
      for (const [streamId, sats] of holdsIn(bins, roundId)) holds.push({ streamId, roundId, account, sats });
    }
    return { holds: holds.toSorted((a, b) => compareIds(a.streamId, b.streamId)), accounts };
  }

  /** May name accounts whose hold was refused or is closed. */
  async accountsOf(roundId: RoundId): Promise<ReadonlySet<AccountId>> {
    const members = await membersOf(this.#records, indexes.holds(roundId));
    return new Set(members.map(([, account]) => account as AccountId));
  }

  /** Stores who asks for this stream; true when there has been a hold of it. */
  async #claim(asked: Asked): Promise<boolean> {
    const { streamId, roundId, account, sats, atMs } = asked;
    const at = streamAt(streamId);
    const mine = freshId();
    const ops: Op[] = [
      { op: 'put', bin: 'acct', value: account },
      { op: 'put', bin: 'round', value: roundId },
      { op: 'put', bin: 'sats', value: sats },
      { op: 'put', bin: 'ms', value: atMs },
      { op: 'put', bin: 'st', value: 'c' },
      { op: 'put', bin: 'by', value: mine },
    ];
    const isMine = (bins: Bins | undefined): boolean => textOf(bins, 'by') === mine;
    const created = await this.#records.apply({ at, ops, existence: 'create' }, isMine);
    if (created.kind === 'applied') return false;
    for (;;) {
      const bins = await this.#records.get(at);
      if (textOf(bins, 'st') === 'h') return true;
      const other = textOf(bins, 'acct') as AccountId;
      const otherRound = textOf(bins, 'round') as RoundId;
      // Asked for before and not confirmed: it was refused, or whoever asked has died in between.
      const row = await this.#records.get(accountAt(userKey(other)), ['holds', 'shut']);
      if (wasHeld(row, holdKey(otherRound, streamId))) {
        await this.#markHeld(streamId);
        return true;
      }
      if (other === account && otherRound === roundId && integerOf(bins, 'sats') === sats) return false;
      const when = [
        { is: 'equal', bin: 'st', value: 'c' },
        { is: 'equal', bin: 'by', value: textOf(bins, 'by') },
      ] as const;
      const taken = await this.#records.apply({ at, ops, when, existence: 'update' }, isMine);
      if (taken.kind === 'applied') return false;
    }
  }

  /** Whether the hold is there as it is asked for. */
  async #isOpenAs({ streamId, roundId, account, sats }: Asked): Promise<boolean> {
    const at = accountAt(userKey(account));
    for (;;) {
      const bins = await this.#records.get(at);
      if (await this.#unbar(at, bins, roundId)) continue;
      return mapOf(bins, 'holds')[holdKey(roundId, streamId)] === sats;
    }
  }

  /**
   * The write that moves the sats. It goes out under the number of closings that the account had seen before the
   * round was looked at: so it cannot come in after holds were closed that it should have been among, however
   * late it arrives.
   */
  async #take(asked: Asked): Promise<Answer> {
    const { streamId, roundId, account, sats } = asked;
    const at = accountAt(userKey(account));
    const key = holdKey(roundId, streamId);
    const isTaken = (bins: Bins | undefined): boolean => mapOf(bins, 'holds')[key] === sats;
    for (;;) {
      const closings = integerOf(await this.#records.get(at, ['cl']), 'cl');
      if (!(await this.#takesHolds(roundId))) return refuse('ROUND_OVER');
      const outcome = await this.#records.apply(
        {
          at,
          ops: [
            { op: 'add', bin: 'b0', by: -sats },
            { op: 'add', bin: 'b1', by: sats },
            { op: 'mapPut', bin: 'holds', key, value: sats },
            ...logged(holdLine(asked)),
          ],
          when: [
            { is: 'atLeast', bin: 'b0', value: sats },
            { is: 'lacksKey', bin: 'holds', key },
            { is: 'lacksKey', bin: 'shut', key },
            { is: 'lacksKey', bin: 'bars', key: roundId },
            { is: 'equal', bin: 'cl', value: closings },
          ],
          existence: 'update',
        },
        isTaken,
      );
      if (outcome.kind === 'applied') {
        await spillLog(this.#records, at, outcome.bins);
        return { ok: true };
      }
      const bins = await this.#records.get(at);
      if (await this.#unbar(at, bins, roundId)) continue;
      if (isTaken(bins)) return { ok: true };
      if (wasHeld(bins, key)) return refuse('STREAM_EXISTS');
      if (integerOf(bins, 'b0') >= sats) continue;
      const [pending] = pendingIn(bins); // it may give something back, or put something in
      if (pending === undefined) return refuse('INSUFFICIENT_FUNDS');
      await this.#transactions.clear(at, pending);
    }
  }

  /** Waits for whoever is closing the round's holds. */
  async #takesHolds(roundId: RoundId): Promise<boolean> {
    const at = roundAt(roundId);
    for (;;) {
      const round = await this.#records.get(at, ['lock', 'phase']);
      const closing = lockIn(round);
      if (closing === undefined) return round === undefined || takesHolds(textOf(round, 'phase') as Phase);
      await this.#transactions.clear(at, closing);
    }
  }

  /** Waits for whoever is closing the holds of the round; false when nobody is. */
  async #unbar(at: At, bins: Bins | undefined, roundId: RoundId): Promise<boolean> {
    const attempt = mapOf(bins, 'bars')[roundId];
    if (attempt === undefined) return false;
    const pending = pendingIn(bins).find((one) => one.attempt === attempt);
    if (pending !== undefined) await this.#transactions.clear(at, pending);
    return true;
  }

  async #markHeld(streamId: StreamId): Promise<void> {
    const put = { op: 'put', bin: 'st', value: 'h' } as const;
    await this.#records.apply({ at: streamAt(streamId), ops: [put], existence: 'update' }, isHeld);
  }
}

function closed(key: string, atMs: number): readonly Op[] {
  return [
    { op: 'mapRemove', bin: 'holds', keys: [key] },
    { op: 'mapPut', bin: 'shut', key, value: atMs },
    { op: 'mapKeepTop', bin: 'shut', count: SHUT_MAX },
  ];
}

function isHeld(claim: Bins | undefined): boolean {
  return textOf(claim, 'st') === 'h';
}

function wasHeld(bins: Bins | undefined, key: string): boolean {
  return key in mapOf(bins, 'holds') || key in mapOf(bins, 'shut');
}

function streamAt(streamId: StreamId): At {
  return { set: 'streams', key: streamId };
}
