/**
 * Rounds by creation. An hour is a record, and one more record names the days that have any, so that a page is
 * read in a few batches however long ago it was. Bounds: about 15,000 rounds an hour and 200 years of days
 * within the limit of a record.
 *
 *   index/days            m: day -> 1
 *   index/hour/<hour>     m: `<creation time, 16 digits>/<round>` -> 1
 */
import type { RoundId } from '../../core/ids.ts';
import type { RoundRecord, RoundStore } from '../../ports/store.ts';
import { mapOf } from './bins.ts';
import type { At, Bins } from './mutation.ts';
import type { Records } from './records.ts';

const HOUR_MS = 3_600_000;
const HOURS = 24;
const DAYS_AT: At = { set: 'index', key: 'days' };

interface Place {
  readonly createdAtMs: number;
  readonly roundId: RoundId;
}

export async function addToTimeline(records: Records, place: Place): Promise<void> {
  const hour = Math.floor(place.createdAtMs / HOUR_MS);
  await putKey(records, hourAt(hour), memberOf(place));
  await putKey(records, DAYS_AT, String(Math.floor(hour / HOURS)));
}

async function putKey(records: Records, at: At, key: string): Promise<void> {
  const isThere = (bins: Bins | undefined): boolean => key in mapOf(bins, 'm');
  await records.apply({ at, ops: [{ op: 'mapPut', bin: 'm', key, value: 1 }] }, isThere);
}

/** `read` answers in the order of the ids; rows without a round, or of another time, are left out. */
export async function readTimeline(
  { limit, before }: Parameters<RoundStore['listRounds']>[0],
  records: Records,
  read: (roundIds: readonly RoundId[]) => Promise<readonly (RoundRecord | undefined)[]>,
): Promise<readonly RoundRecord[]> {
  const page: RoundRecord[] = [];
  if (limit <= 0) return page;
  const end = before === undefined ? undefined : memberOf(before);
  const lastDay = before === undefined ? Infinity : Math.floor(before.createdAtMs / HOUR_MS / HOURS);
  const days = Object.keys(mapOf(await records.get(DAYS_AT), 'm')).map(Number);
  for (const day of days.filter((one) => one <= lastDay).toSorted((a, b) => b - a)) {
    const hours = Array.from({ length: HOURS }, (_, i) => hourAt(day * HOURS + i));
    const found = await records.getMany(hours);
    const members = found
      .flatMap((bins) => Object.keys(mapOf(bins, 'm')))
      .filter((member) => end === undefined || member < end)
      .toSorted((a, b) => (a < b ? 1 : -1));
    for (let from = 0; from < members.length; from += limit) {
      const places = members.slice(from, from + limit).map(placeOf);
      const rows = await read(places.map(({ roundId }) => roundId));
      for (const [i, row] of rows.entries()) {
        if (row === undefined || row.createdAtMs !== places[i]?.createdAtMs) continue;
        page.push(row);
        if (page.length === limit) return page;
      }
    }
  }
  return page;
}

/** Sorts as (createdAtMs, roundId). */
function memberOf({ createdAtMs, roundId }: Place): string {
  return `${String(createdAtMs).padStart(16, '0')}/${roundId}`;
}

function placeOf(member: string): Place {
  return { createdAtMs: Number(member.slice(0, 16)), roundId: member.slice(17) as RoundId };
}

function hourAt(hour: number): At {
  return { set: 'index', key: `hour/${hour}` };
}
