/** Raw transactions, read by hand: who is paid what, and which outputs are spent by which key. */
import { displayId, reversed } from './layout.ts';

export interface RawOutput {
  readonly sats: bigint;
  readonly script: string;
}

export interface RawTransaction {
  readonly txid: string;
  readonly inputs: readonly { readonly outpoint: string; readonly script: string }[];
  readonly outputs: readonly RawOutput[];
}

export function readTransaction(rawHex: string): RawTransaction {
  const raw = Buffer.from(rawHex, 'hex');
  let at = 4;
  const take = (size: number): Buffer => {
    at += size;
    if (at > raw.length) throw new Error('the transaction is cut short');
    return raw.subarray(at - size, at);
  };
  const count = (): number => {
    const first = take(1).readUInt8();
    if (first < 0xfd) return first;
    if (first === 0xfd) return take(2).readUInt16LE();
    if (first === 0xfe) return take(4).readUInt32LE();
    return Number(take(8).readBigUInt64LE());
  };
  const inputs = Array.from({ length: count() }, () => {
    const txid = reversed(take(32)).toString('hex');
    const vout = take(4).readUInt32LE();
    const script = take(count()).toString('hex');
    take(4);
    return { outpoint: `${txid}:${vout}`, script };
  });
  const outputs = Array.from({ length: count() }, () => {
    const sats = take(8).readBigUInt64LE();
    return { sats, script: take(count()).toString('hex') };
  });
  take(4);
  if (at !== raw.length) throw new Error('the transaction has bytes left over');
  return { txid: displayId(raw), inputs, outputs };
}

export function payTo(account: string): string {
  return `76a914${account}88ac`;
}

/** What a settlement's first output says; null for any other script. */
export interface Announcement {
  readonly roundId: string;
  readonly part: number;
  readonly parts: number;
}

export function readAnnouncement(script: string): Announcement | null {
  if (!script.startsWith('006a0852494e47534944454c')) return null;
  const payload = Buffer.from(script, 'hex').subarray(13);
  const end = 2 + payload.readUInt8(1);
  const roundId = payload.subarray(2, end).toString('latin1');
  const at = end + 76;
  return { roundId, part: payload.readUInt16LE(at), parts: payload.readUInt16LE(at + 2) };
}
