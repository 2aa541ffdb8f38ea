/**
 * The arrays inside state frames, one pair of functions for each kind: what is written and how it is read back.
 * Readers return undefined for anything that is not exactly such an array; entries after the known ones are
 * ignored, so that a later version can append.
 */
import { fromHex, toHex } from '../core/bytes.ts';
import { type Txid, isParticipantId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { ROUND_BOUNDS } from '../round/bounds.ts';
import type {
  ParticipantChange,
  PublicGift,
  PublicParticipant,
  PublicResult,
  PublicSupporter,
} from '../round/public-state.ts';
import {
  accountIdField,
  allDefined,
  binField,
  listField,
  satsField,
  stringField,
  timeField,
  u32Field,
  uintField,
} from './fields.ts';

type Row = readonly unknown[];

const STATUSES = ['planned', 'accepted', 'mined'] as const;

export function targetField(value: unknown): number | undefined {
  return uintField(value, LIMITS.participantsMax - 1);
}

export function countField(value: unknown): number | undefined {
  return uintField(value, Number.MAX_SAFE_INTEGER);
}

function rowField(value: unknown, size: number): Row | undefined {
  return Array.isArray(value) && value.length >= size ? value : undefined;
}

/** [id, name, sats, satsPerSecond, votes, claps, score, rank, watchers] */
export function participantRow(one: PublicParticipant): Row {
  return [one.id, one.name, ...levels(one)];
}

export function readParticipant(value: unknown): PublicParticipant | undefined {
  const row = rowField(value, 9);
  if (row === undefined) return undefined;
  return allDefined({
    id: isParticipantId(row[0]) ? row[0] : undefined,
    name: stringField(row[1], LIMITS.nameCharsMax),
    ...readLevels(row, 2),
  });
}

/** [index, sats, satsPerSecond, votes, claps, score, rank, watchers] */
export function changeRow(change: ParticipantChange): Row {
  return [change.index, ...levels(change)];
}

export function readChange(value: unknown): ParticipantChange | undefined {
  const row = rowField(value, 8);
  return row === undefined ? undefined : allDefined({ index: targetField(row[0]), ...readLevels(row, 1) });
}

type Levels = Omit<ParticipantChange, 'index'>;

function levels(one: Levels): Row {
  return [one.sats, one.satsPerSecond, one.votes, one.claps, one.score, one.rank, one.watchers];
}

function readLevels(row: Row, at: number): { [K in keyof Levels]: Levels[K] | undefined } {
  return {
    sats: satsField(row[at]),
    satsPerSecond: satsField(row[at + 1]),
    votes: countField(row[at + 2]),
    claps: countField(row[at + 3]),
    score: countField(row[at + 4]),
    rank: uintField(row[at + 5], LIMITS.participantsMax),
    watchers: u32Field(row[at + 6]),
  };
}

/** [account, name, sats] */
export function supporterRow(one: PublicSupporter): Row {
  return [fromHex(one.account), one.name, one.sats];
}

export function readSupporter(value: unknown): PublicSupporter | undefined {
  const row = rowField(value, 3);
  if (row === undefined) return undefined;
  return allDefined({
    account: accountIdField(row[0]),
    name: stringField(row[1], LIMITS.nameCharsMax),
    sats: satsField(row[2]),
  });
}

/** [no, from, account, target, sats, atMs] */
export function giftRow(gift: PublicGift): Row {
  return [gift.no, gift.from, fromHex(gift.account), gift.target, gift.sats, gift.atMs];
}

export function readGift(value: unknown): PublicGift | undefined {
  const row = rowField(value, 6);
  if (row === undefined) return undefined;
  return allDefined({
    no: countField(row[0]),
    from: stringField(row[1], LIMITS.nameCharsMax),
    account: accountIdField(row[2]),
    target: targetField(row[3]),
    sats: satsField(row[4]),
    atMs: timeField(row[5]),
  });
}

/** [ranking, paidSats, directSats, poolSats, platformSats, participantSats, txids, status] */
export function resultRow(result: PublicResult): Row {
  return [
    result.ranking,
    result.paidSats,
    result.directSats,
    result.poolSats,
    result.platformSats,
    result.participantSats,
    result.txids.map((txid) => fromHex(txid)),
    STATUSES.indexOf(result.status),
  ];
}

export function readResult(value: unknown): PublicResult | undefined {
  const row = rowField(value, 8);
  if (row === undefined) return undefined;
  return allDefined({
    ranking: listField(row[0], LIMITS.participantsMax, targetField),
    paidSats: satsField(row[1]),
    directSats: satsField(row[2]),
    poolSats: satsField(row[3]),
    platformSats: satsField(row[4]),
    participantSats: listField(row[5], LIMITS.participantsMax, satsField),
    txids: listField(row[6], ROUND_BOUNDS.txidsMax, txidField),
    status: STATUSES[uintField(row[7], STATUSES.length - 1) ?? -1],
  });
}

function txidField(value: unknown): Txid | undefined {
  const bytes = binField(value, 32);
  return bytes === undefined ? undefined : (toHex(bytes) as Txid);
}
