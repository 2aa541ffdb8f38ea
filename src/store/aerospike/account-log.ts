/**
 * Which journal entries touched an account, in order. The last of them are a list in the account's own record,
 * appended in the same step that changes the balance; older ones are moved out in chunks of a fixed size, so
 * that a record stays small however often it is written.
 *
 *   accounts/<key>         log: the last lines; no: number of all there ever were
 *   index/log/<key>/<n>    l: lines n*32+1 to n*32+32; written once, never changed
 *
 * A line is [slots touched, entry id] for what is in the journal, or spells out a hold or release, which have
 * no record there.
 */
import { assert } from '../../core/assert.ts';
import type { AccountId, RoundId, StreamId } from '../../core/ids.ts';
import type { JournalEntry } from '../../ledger/journal.ts';
import type { Hold } from '../../ports/store.ts';
import { holdEntry, releaseEntry } from '../holds.ts';
import { accountAt } from './account-rows.ts';
import { existing, integerOf, listOf } from './bins.ts';
import type { At, BinValue, Bins, Op } from './mutation.ts';
import type { Records } from './records.ts';

const CHUNK = 32;
/** Lines of holds and releases touch available and held. */
const HOLD_SLOTS = 0b011;

type Line = readonly BinValue[];

export interface Release {
  readonly streamId: StreamId;
  readonly account: AccountId;
  readonly fromSats: number;
  readonly toSats: number;
  readonly atMs: number;
}

export function entryLine(touches: number, entryId: string): Line {
  return [touches, entryId];
}

/** Appends a line, and answers what `spillLog` wants to know. */
export function logged(line: Line): readonly Op[] {
  return [
    { op: 'add', bin: 'no', by: 1 },
    { op: 'append', bin: 'log', value: line },
    { op: 'read', bin: 'no' },
  ];
}

export function holdLine({ streamId, roundId, sats, atMs }: Hold & { readonly atMs: number }): Line {
  return [HOLD_SLOTS, 'hold', streamId, roundId, sats, atMs];
}

export function releaseLine({ streamId, fromSats, toSats, atMs }: Release): Line {
  return [HOLD_SLOTS, 'release', streamId, fromSats, toSats, atMs];
}

/** Moves lines out when there are enough; `after` is what the write that appended answered. */
export async function spillLog(records: Records, at: At, after: Bins): Promise<void> {
  if (integerOf(after, 'no') % CHUNK !== 0) return; // exactly one of all who write gets such a number
  for (;;) {
    const bins = await records.get(at, ['no', 'log']);
    const lines = listOf(bins, 'log');
    if (lines.length < 2 * CHUNK) return;
    const base = integerOf(bins, 'no') - lines.length;
    assert(base % CHUNK === 0, `the log of ${at.key} does not start at a chunk`);
    const put: Op = { op: 'put', bin: 'l', value: lines.slice(0, CHUNK) as readonly BinValue[] };
    const chunk = chunkAt(at.key, base / CHUNK);
    await records.apply({ at: chunk, ops: [put] }, (found) => found !== undefined);
    await records.apply(
      {
        at,
        ops: [{ op: 'dropFirst', bin: 'log', count: CHUNK }],
        when: [{ is: 'listBase', bin: 'log', total: 'no', base }],
        existence: 'update',
      },
      (now) => integerOf(now, 'no') - listOf(now, 'log').length !== base,
    );
  }
}

export interface LogRow {
  readonly no: number;
  readonly entryId: string;
  /** What a hold or release says by itself. */
  readonly entry: JournalEntry | undefined;
}

/** Lines of an account that touch a slot, newest first. */
export async function readLog(
  records: Records,
  page: {
    readonly key: string;
    readonly slot: number;
    readonly limit: number;
    readonly before: number | undefined;
  },
): Promise<readonly LogRow[]> {
  const { key, slot, limit, before = Number.MAX_SAFE_INTEGER } = page;
  const bins = await records.get(accountAt(key), ['no', 'log']);
  const rows: LogRow[] = [];
  let lines = listOf(bins, 'log');
  let base = integerOf(bins, 'no') - lines.length;
  for (;;) {
    for (let i = lines.length - 1; i >= 0 && rows.length < limit; i--) {
      const no = base + i + 1;
      const line = lines[i] as Line;
      if (no < before && ((line[0] as number) & (1 << slot)) !== 0) rows.push({ no, ...entryOf(key, line) });
    }
    if (base === 0 || rows.length >= limit) return rows;
    // Chunks that are all newer than what is asked for are skipped.
    base = Math.min(base, Math.max(CHUNK, Math.ceil((before - 1) / CHUNK) * CHUNK)) - CHUNK;
    const at = chunkAt(key, base / CHUNK);
    lines = listOf(existing(await records.get(at), at), 'l');
  }
}

function entryOf(key: string, line: Line): Omit<LogRow, 'no'> {
  const account = key.slice(2) as AccountId;
  if (line[1] === 'hold' && line.length > 2) {
    const [, , streamId, roundId, sats, atMs] = line as [number, 'hold', StreamId, RoundId, number, number];
    const entry = holdEntry({ streamId, roundId, account, sats, atMs });
    return { entryId: entry.id, entry };
  }
  if (line[1] === 'release' && line.length > 2) {
    const [, , streamId, fromSats, toSats, atMs] = line as [
      number,
      'release',
      StreamId,
      number,
      number,
      number,
    ];
    const entry = releaseEntry({ streamId, account, fromSats, toSats, atMs });
    return { entryId: entry.id, entry };
  }
  return { entryId: line[1] as string, entry: undefined };
}

function chunkAt(key: string, no: number): At {
  return { set: 'index', key: `log/${key}/${no}` };
}
