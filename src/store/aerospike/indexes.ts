/**
 * Lists of what there is, as maps in a fixed number of bucket records each. A member is put in before what it
 * stands for is written and taken out after that is gone: so an index may name too much, never too little,
 * and whoever reads one checks each member against its record. (Deletes are not durable in the community
 * edition either: what was removed may be back after a cold start.)
 *
 *   index/<name>/<bucket>   m: member -> value
 */
import { mapOf } from './bins.ts';
import type { At, BinValue, Bins } from './mutation.ts';
import type { Records } from './records.ts';

export interface Index {
  readonly name: string;
  readonly buckets: number;
}

export const indexes: {
  readonly unfinished: Index;
  readonly openSettlements: Index;
  readonly coins: Index;
  readonly openTransactions: Index;
  holds(roundId: string): Index;
} = {
  /** Round ids. */
  unfinished: { name: 'unfinished', buckets: 16 },
  /** Settlement number -> round id. */
  openSettlements: { name: 'settling', buckets: 16 },
  /** `txid:vout` of every coin that is not spent -> sats. */
  coins: { name: 'coins', buckets: 16 },
  /** Attempts of multi-record writes that are not done -> entry id. */
  openTransactions: { name: 'writing', buckets: 16 },
  /** Streams of a round that asked for a hold -> account. */
  holds: (roundId) => ({ name: `holds/${roundId}`, buckets: 64 }),
};

export async function addMember(
  records: Records,
  index: Index,
  member: string,
  value: BinValue = 1,
): Promise<void> {
  const put = { op: 'mapPut', bin: 'm', key: member, value } as const;
  await records.apply({ at: bucketAt(index, member), ops: [put] }, (bins) => member in mapOf(bins, 'm'));
}

export async function removeMember(records: Records, index: Index, member: string): Promise<void> {
  const remove = { op: 'mapRemove', bin: 'm', keys: [member] } as const;
  const isGone = (bins: Bins | undefined): boolean => !(member in mapOf(bins, 'm'));
  await records.apply({ at: bucketAt(index, member), ops: [remove], existence: 'update' }, isGone);
}

export async function membersOf(
  records: Records,
  index: Index,
): Promise<readonly (readonly [member: string, value: unknown])[]> {
  const ats = Array.from({ length: index.buckets }, (_, bucket) => at(index.name, bucket));
  const found = await records.getMany(ats);
  return found.flatMap((bins) => Object.entries(mapOf(bins, 'm')));
}

function bucketAt(index: Index, member: string): At {
  return at(index.name, hash(member) % index.buckets);
}

function at(name: string, bucket: number): At {
  return { set: 'index', key: `${name}/${bucket}` };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
