/**
 * Keys of the database, schema 2. One tree; the first byte is the table, then fields that sort as they
 * should: ids as ASCII ended by a zero byte unless last, integers as 8 bytes big-endian. No key is above
 * 300 bytes (the database takes 1,978).
 *
 *   m name                        meta: schema version, counters
 *   r round                       terms and creation time; never changes
 *   o round                       owner: generation, phase, last save
 *   c createdAtMs round           index: rounds by creation
 *   u round                       index: rounds with something left to do
 *   s round seq                   segment
 *   p round                       snapshot
 *   b ledger account              balance and last entry
 *   j no                          journal entry
 *   i entry id                    present when posted
 *   h stream                      round of every stream that ever had a hold
 *   H round stream                open hold
 *   C txid vout                   coin
 *   F (2^53 - sats) txid vout     index: free coins, largest first
 *   S round                       settlement
 *   t txid                        outbox transaction, without its bytes
 *   e txid                        its Extended Format bytes
 *   k txid                        its Merkle path
 *   x settlement no, position     index: transactions that are not mined
 *   R round                       receipt
 */
import type { RoundId, StreamId, Txid } from '../../core/ids.ts';
import type { LedgerAccount } from '../../ledger/journal.ts';
import type { CoinRef } from '../coin-links.ts';

type Field = string | number;

const SATS_TOP = Number.MAX_SAFE_INTEGER;

/** Strings are ended by a zero byte, so that no key of one id runs into those of a longer id. */
function key(table: string, ...fields: readonly Field[]): Uint8Array {
  let length = 1;
  for (const field of fields) length += typeof field === 'string' ? field.length + 1 : 8;
  const out = Buffer.allocUnsafe(length);
  out.write(table, 0, 'latin1');
  let at = 1;
  for (const field of fields) {
    if (typeof field === 'string') {
      out.write(field, at, 'latin1');
      at += field.length;
      out[at++] = 0;
    } else {
      out.writeUInt32BE(Math.floor(field / 0x1_0000_0000), at);
      out.writeUInt32BE(field % 0x1_0000_0000, at + 4);
      at += 8;
    }
  }
  return out;
}

export const keys: {
  meta(name: string): Uint8Array;
  round(id: RoundId): Uint8Array;
  owner(id: RoundId): Uint8Array;
  created(createdAtMs: number, id: RoundId): Uint8Array;
  unfinished(id: RoundId): Uint8Array;
  segment(id: RoundId, seq: number): Uint8Array;
  snapshot(id: RoundId): Uint8Array;
  account(account: LedgerAccount): Uint8Array;
  entry(no: number): Uint8Array;
  entryId(id: string): Uint8Array;
  stream(id: StreamId): Uint8Array;
  openHold(round: RoundId, stream: StreamId): Uint8Array;
  coin(coin: CoinRef): Uint8Array;
  freeCoin(sats: number, coin: CoinRef): Uint8Array;
  settlement(round: RoundId): Uint8Array;
  transaction(txid: Txid): Uint8Array;
  extendedFormat(txid: Txid): Uint8Array;
  merklePath(txid: Txid): Uint8Array;
  openTransaction(settlementNo: number, no: number): Uint8Array;
  receipt(round: RoundId): Uint8Array;
} = {
  meta: (name) => key('m', name),
  round: (id) => key('r', id),
  owner: (id) => key('o', id),
  created: (createdAtMs, id) => key('c', createdAtMs, id),
  unfinished: (id) => key('u', id),
  segment: (id, seq) => key('s', id, seq),
  snapshot: (id) => key('p', id),
  account: (account) => key('b', account),
  entry: (no) => key('j', no),
  entryId: (id) => key('i', id),
  stream: (id) => key('h', id),
  openHold: (round, stream) => key('H', round, stream),
  coin: ({ txid, vout }) => key('C', txid, vout),
  freeCoin: (sats, { txid, vout }) => key('F', SATS_TOP - sats, txid, vout),
  settlement: (round) => key('S', round),
  transaction: (txid) => key('t', txid),
  extendedFormat: (txid) => key('e', txid),
  merklePath: (txid) => key('k', txid),
  openTransaction: (settlementNo, no) => key('x', settlementNo, no),
  receipt: (round) => key('R', round),
};

/** First key of a table, or of all keys of a table that start with these ids. */
export function prefix(table: string, ...ids: readonly string[]): Uint8Array {
  return key(table, ...ids);
}

/** The id that ends a key: what is between the zero byte before and the last one, or after `skip` bytes. */
export function lastId(bytes: Uint8Array, skip: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + skip, bytes.length - skip - 1).toString('latin1');
}

/** The integer in the last 8 bytes. */
export function lastInteger(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8);
  return view.getUint32(0) * 0x1_0000_0000 + view.getUint32(4);
}
