/**
 * The three things that can be done to a record on behalf of an attempt: prepare the change, finish it, or
 * undo it. Each is one conditional write. Preparing marks the record with the attempt; finishing and undoing
 * need that mark and take it away, so each happens at most once however often it is tried.
 */
import { assert, unreachable } from '../../core/assert.ts';
import type { Code } from '../../core/errors.ts';
import {
  SLOTS,
  accountAt,
  balancesIn,
  holdKey,
  holdRange,
  holdsIn,
  pendingIn,
  subAmounts,
} from './account-rows.ts';
import { entryLine } from './account-log.ts';
import { integerOf, mapOf, textOf } from './bins.ts';
import { blobValue } from './blobs.ts';
import { type AccountChange, type Change, type CoinChange, coinKey, reservedBy } from './intent.ts';
import type { At, Bins, Condition, Mutation, Op } from './mutation.ts';

/** Names an attempt at an entry; what a record is marked with. */
export interface Attempt {
  readonly entryId: string;
  readonly attempt: string;
}

/** Why a record could not be prepared. */
export type Obstacle =
  | { readonly kind: 'blocked'; readonly by: Attempt }
  | { readonly kind: 'refused'; readonly code: Code | 'HOLDS_MOVED' | 'COIN_EXISTS' | 'PAST' }
  /** Nothing is in the way any more. */
  | { readonly kind: 'gone' };

export interface Steps {
  readonly at: At;
  /** Null: nothing can stand against this change, it is only made when the write is decided. */
  readonly prepare: Mutation | null;
  readonly finish: Mutation;
  readonly undo: Mutation | null;
  readonly isPrepared: (bins: Bins | undefined) => boolean;
  readonly isFinished: (bins: Bins | undefined) => boolean;
  readonly obstacle: (bins: Bins | undefined) => Obstacle;
}

/** Closed holds that an account remembers. */
const SHUT_MAX = 64;

export function stepsOf(change: Change, by: Attempt): Steps {
  switch (change.kind) {
    case 'account':
      return accountSteps(change, by);
    case 'coin':
      return coinSteps(change, by);
    case 'round':
    case 'accept':
    case 'outbox':
    case 'settlement':
      return singleSteps(change, by);
    default:
      return unreachable(change);
  }
}

/** The mark of records that only one attempt at a time can change. */
export function lockOf({ entryId, attempt }: Attempt): string {
  return `${attempt} ${entryId}`;
}

export function lockIn(bins: Bins | undefined): Attempt | undefined {
  const lock = textOf(bins, 'lock');
  const space = lock.indexOf(' ');
  return space < 0 ? undefined : { attempt: lock.slice(0, space), entryId: lock.slice(space + 1) };
}

function accountSteps(change: AccountChange, by: Attempt): Steps {
  const { key, amounts, closes } = change;
  const at = accountAt(key);
  const reserved = reservedBy(change);
  const needsRecord = reserved.some((sats) => sats < 0);
  const credits = subAmounts(amounts, reserved);
  const pending = [by.entryId, ...reserved, closes?.roundId ?? ''];
  const isMarked = (bins: Bins | undefined): boolean => by.attempt in mapOf(bins, 'pend');
  const marked: Condition = { is: 'hasKey', bin: 'pend', key: by.attempt };

  const prepareWhen: Condition[] = [{ is: 'lacksKey', bin: 'pend', key: by.attempt }];
  for (const [slot, sats] of reserved.entries()) {
    if (sats < 0) prepareWhen.push({ is: 'atLeast', bin: SLOTS[slot] as string, value: -sats });
  }
  const prepareOps: Op[] = [
    { op: 'put', bin: 'id', value: key },
    ...addAll(reserved),
    { op: 'mapPut', bin: 'pend', key: by.attempt, value: pending },
  ];
  const finishOps: Op[] = [...addAll(credits), { op: 'mapRemove', bin: 'pend', keys: [by.attempt] }];
  const undoOps: Op[] = [
    ...addAll(subAmounts([0, 0, 0], reserved)),
    { op: 'mapRemove', bin: 'pend', keys: [by.attempt] },
  ];
  if (change.touches !== 0) {
    finishOps.push(
      { op: 'add', bin: 'no', by: 1 },
      { op: 'append', bin: 'log', value: entryLine(change.touches, by.entryId) },
      { op: 'read', bin: 'no' },
    );
  }
  if (closes !== null) {
    const { roundId, holds, atMs } = closes;
    const [from, to] = holdRange(roundId);
    prepareWhen.push({ is: 'lacksKey', bin: 'bars', key: roundId });
    prepareWhen.push({ is: 'keysBetween', bin: 'holds', from, to, count: holds.length });
    for (const [streamId, sats] of holds) {
      prepareWhen.push({ is: 'keyEquals', bin: 'holds', key: holdKey(roundId, streamId), value: sats });
    }
    prepareOps.push(
      { op: 'mapPut', bin: 'bars', key: roundId, value: by.attempt },
      { op: 'add', bin: 'cl', by: 1 },
    );
    const keys = holds.map(([streamId]) => holdKey(roundId, streamId));
    if (keys.length > 0) finishOps.push({ op: 'mapRemove', bin: 'holds', keys });
    for (const shut of keys) finishOps.push({ op: 'mapPut', bin: 'shut', key: shut, value: atMs });
    if (keys.length > 0) finishOps.push({ op: 'mapKeepTop', bin: 'shut', count: SHUT_MAX });
    const unbar: Op = { op: 'mapRemove', bin: 'bars', keys: [roundId] };
    finishOps.push(unbar);
    undoOps.push(unbar);
  }
  return {
    at,
    prepare: { at, ops: prepareOps, when: prepareWhen, existence: needsRecord ? 'update' : 'any' },
    finish: { at, ops: finishOps, when: [marked], existence: 'update' },
    undo: { at, ops: undoOps, when: [marked], existence: 'update' },
    isPrepared: isMarked,
    isFinished: (bins) => !isMarked(bins),
    obstacle: (bins) => accountObstacle(change, bins),
  };
}

function addAll(amounts: readonly number[]): Op[] {
  return amounts.flatMap((by, slot): Op[] =>
    by === 0 ? [] : [{ op: 'add', bin: SLOTS[slot] as string, by }],
  );
}

function accountObstacle(change: AccountChange, bins: Bins | undefined): Obstacle {
  const others = pendingIn(bins);
  const { closes } = change;
  if (closes !== null) {
    const barredBy = mapOf(bins, 'bars')[closes.roundId];
    const other = others.find(({ attempt }) => attempt === barredBy);
    if (other !== undefined) return { kind: 'blocked', by: other };
    const open = new Map(holdsIn(bins, closes.roundId));
    const isSame =
      open.size === closes.holds.length && closes.holds.every(([id, sats]) => open.get(id) === sats);
    if (!isSame) return { kind: 'refused', code: 'HOLDS_MOVED' };
  }
  const balances = balancesIn(bins);
  const isShort = reservedBy(change).some((sats, slot) => (balances[slot] ?? 0) + sats < 0);
  if (!isShort) return { kind: 'gone' };
  const [other] = others; // it may give something back, or put something in
  return other === undefined
    ? { kind: 'refused', code: 'INSUFFICIENT_FUNDS' }
    : { kind: 'blocked', by: other };
}

export function coinAt(coin: CoinChange['coin']): At {
  return { set: 'coins', key: coinKey(coin) };
}

/** A new coin exists as 'void' until it is decided, and stays 'void' when it is not to be. */
function coinSteps(change: CoinChange, by: Attempt): Steps {
  const { coin, from, to, sats, roundId } = change;
  const at = coinAt(coin);
  const lock = lockOf(by);
  const locked: Condition = { is: 'equal', bin: 'lock', value: lock };
  const isMarked = (bins: Bins | undefined): boolean => textOf(bins, 'lock') === lock;
  const free: Condition = { is: 'equal', bin: 'lock', value: '' };
  const ops: Op[] = [{ op: 'put', bin: 'lock', value: lock }];
  if (from === null) {
    ops.push(
      { op: 'put', bin: 'txid', value: coin.txid },
      { op: 'put', bin: 'vout', value: coin.vout },
      { op: 'put', bin: 'sats', value: sats },
      { op: 'put', bin: 'state', value: 'void' },
    );
  }
  return {
    at,
    prepare: {
      at,
      ops,
      when: [free, { is: 'equal', bin: 'state', value: from ?? 'void' }],
      existence: from === null ? 'any' : 'update',
    },
    finish: {
      at,
      ops: [
        { op: 'put', bin: 'state', value: to },
        { op: 'put', bin: 'round', value: roundId ?? '' },
        { op: 'put', bin: 'lock', value: '' },
      ],
      when: [locked],
      existence: 'update',
    },
    undo: { at, ops: [{ op: 'put', bin: 'lock', value: '' }], when: [locked], existence: 'update' },
    isPrepared: isMarked,
    isFinished: (bins) => !isMarked(bins),
    obstacle(bins) {
      const other = lockIn(bins);
      if (other !== undefined) return { kind: 'blocked', by: other };
      const state = textOf(bins, 'state');
      if (from === null) {
        return state === '' || state === 'void' ? { kind: 'gone' } : { kind: 'refused', code: 'COIN_EXISTS' };
      }
      return state === from ? { kind: 'gone' } : { kind: 'refused', code: 'COIN_TAKEN' };
    },
  };
}

function singleSteps(change: Exclude<Change, AccountChange | CoinChange>, by: Attempt): Steps {
  switch (change.kind) {
    case 'round':
      return lockSteps(roundAt(change.roundId), by, {
        when: [{ is: 'equal', bin: 'gen', value: change.generation }],
        finish: [],
        refusal: (bins) =>
          bins === undefined || integerOf(bins, 'gen') !== change.generation ? 'STALE_GENERATION' : undefined,
      });
    case 'accept':
      return lockSteps(outboxAt(change.txid), by, {
        when: [{ is: 'equal', bin: 'status', value: 'planned' }],
        finish: [{ op: 'put', bin: 'status', value: 'accepted' }],
        refusal: (bins) => (textOf(bins, 'status') === 'planned' ? undefined : 'PAST'),
      });
    case 'outbox': {
      const { txid, roundId, no, feeSats, ef, spends, makes } = change;
      return newRecord(outboxAt(txid), {
        txid,
        round: roundId,
        no,
        fee: feeSats,
        ef: blobValue(ef),
        status: 'planned',
        spends: spends.map((coin) => [coin.txid, coin.vout]),
        makes: makes.map((coin) => [coin.txid, coin.vout, coin.sats]),
      });
    }
    case 'settlement': {
      const { roundId, no, statement, plan, txids } = change;
      return newRecord(settlementAt(roundId), {
        round: roundId,
        no,
        statement: blobValue(statement),
        plan: blobValue(plan),
        txids: [...txids],
      });
    }
    default:
      return unreachable(change);
  }
}

export function roundAt(roundId: string): At {
  return { set: 'rounds', key: roundId };
}

export function outboxAt(txid: string): At {
  return { set: 'outbox', key: txid };
}

export function settlementAt(roundId: string): At {
  return { set: 'outbox', key: `settlement/${roundId}` };
}

function lockSteps(
  at: At,
  by: Attempt,
  rules: {
    readonly when: readonly Condition[];
    readonly finish: readonly Op[];
    refusal(bins: Bins | undefined): Code | 'PAST' | undefined;
  },
): Steps {
  const lock = lockOf(by);
  const isMarked = (bins: Bins | undefined): boolean => textOf(bins, 'lock') === lock;
  const locked: Condition = { is: 'equal', bin: 'lock', value: lock };
  const unlock: Op = { op: 'put', bin: 'lock', value: '' };
  return {
    at,
    prepare: {
      at,
      ops: [{ op: 'put', bin: 'lock', value: lock }],
      when: [...rules.when, { is: 'equal', bin: 'lock', value: '' }],
      existence: 'update',
    },
    finish: { at, ops: [...rules.finish, unlock], when: [locked], existence: 'update' },
    undo: { at, ops: [unlock], when: [locked], existence: 'update' },
    isPrepared: isMarked,
    isFinished: (bins) => !isMarked(bins),
    obstacle(bins) {
      const code = rules.refusal(bins);
      if (code !== undefined) return { kind: 'refused', code };
      const other = lockIn(bins);
      return other === undefined ? { kind: 'gone' } : { kind: 'blocked', by: other };
    },
  };
}

function newRecord(at: At, bins: Readonly<Record<string, Extract<Op, { op: 'put' }>['value']>>): Steps {
  const ops = Object.entries(bins).map(([bin, value]): Op => ({ op: 'put', bin, value }));
  return {
    at,
    prepare: null,
    finish: { at, ops, existence: 'create' },
    undo: null,
    isPrepared: () => true,
    isFinished: (found) => found !== undefined,
    obstacle: () => ({ kind: 'gone' }),
  };
}

/** Undoes what an attempt that came to nothing left in a record, from the record alone. */
export function cleanUp(at: At, bins: Bins, by: Attempt): Mutation {
  if (at.set !== 'accounts') {
    const lock = lockOf(by);
    return {
      at,
      ops: [{ op: 'put', bin: 'lock', value: '' }],
      when: [{ is: 'equal', bin: 'lock', value: lock }],
      existence: 'update',
    };
  }
  const pending = pendingIn(bins).find(({ attempt }) => attempt === by.attempt);
  assert(pending !== undefined, 'nothing to undo');
  const ops: Op[] = [
    ...addAll(subAmounts([0, 0, 0], pending.reserved)),
    { op: 'mapRemove', bin: 'pend', keys: [by.attempt] },
  ];
  if (pending.closes !== '') ops.push({ op: 'mapRemove', bin: 'bars', keys: [pending.closes] });
  return { at, ops, when: [{ is: 'hasKey', bin: 'pend', key: by.attempt }], existence: 'update' };
}

/** Whether an attempt is still marked in a record. */
export function isMarkedBy(at: At, bins: Bins | undefined, by: Attempt): boolean {
  return at.set === 'accounts' ? by.attempt in mapOf(bins, 'pend') : textOf(bins, 'lock') === lockOf(by);
}
