/**
 * Values of the database, schema 2. What holds bytes or is written often has a fixed layout (ByteWriter,
 * little-endian); terms and journal entries, which are trees of plain data, are msgpack.
 */
import { Packr } from 'msgpackr';
import { ByteReader, ByteWriter, fromHex, toHex } from '../../core/bytes.ts';
import type { AccountId, RoundId, Txid } from '../../core/ids.ts';
import type { JournalEntry } from '../../ledger/journal.ts';
import type { CoinState, TxStatus } from '../../ports/store.ts';
import { PHASES, type Phase, type RoundTerms } from '../../round/terms.ts';
import type { CoinRef } from '../coin-links.ts';

/** Plain msgpack: no record extension, so that any decoder can read the database. */
const packr = new Packr({ useRecords: false });

export interface Codec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

function msgpack<T>(): Codec<T> {
  return {
    encode: (value) => packr.pack(value),
    decode: (bytes) => packr.unpack(bytes) as T,
  };
}

export const roundCodec: Codec<{ readonly terms: RoundTerms; readonly createdAtMs: number }> = msgpack();
export const entryCodec: Codec<{
  readonly entry: JournalEntry;
  /** For each account of the entry, in the order of the legs: the entry before that touches it, or 0. */
  readonly previous: readonly number[];
}> = msgpack();

function element<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`no element ${index} in a list of ${list.length}`);
  return value;
}

export interface Owner {
  readonly generation: number;
  readonly phase: Phase;
  /** The last save of either kind; 0 before the first. */
  readonly lastSeq: number;
  readonly snapshotSeq: number;
}

export const ownerCodec: Codec<Owner> = {
  encode: (owner) =>
    new ByteWriter(32)
      .u64(owner.generation)
      .u8(PHASES.indexOf(owner.phase))
      .u64(owner.lastSeq)
      .u64(owner.snapshotSeq)
      .finish(),
  decode(bytes) {
    const reader = new ByteReader(bytes);
    return {
      generation: reader.u64(),
      phase: element(PHASES, reader.u8()),
      lastSeq: reader.u64(),
      snapshotSeq: reader.u64(),
    };
  },
};

/** Snapshots carry their number in front. */
export const snapshotCodec: Codec<{ readonly seq: number; readonly bytes: Uint8Array }> = {
  encode: ({ seq, bytes }) => new ByteWriter(8 + bytes.length).u64(seq).bytes(bytes).finish(),
  decode(bytes) {
    const reader = new ByteReader(bytes);
    return { seq: reader.u64(), bytes: reader.bytes(reader.remaining) };
  },
};

/** Counters and the schema version. */
export const integerCodec: Codec<number> = {
  encode: (value) => new ByteWriter(8).u64(value).finish(),
  decode: (bytes) => new ByteReader(bytes).u64(),
};

export interface AccountRow {
  readonly balance: number;
  /** The newest entry that touches the account. */
  readonly lastNo: number;
}

/** Filled anew by each: a settlement writes tens of thousands of them. */
const accountWriter = new ByteWriter(17);

/** Sign of the balance (1 for below zero), its magnitude, the entry. */
export const accountCodec: Codec<AccountRow> = {
  encode: ({ balance, lastNo }) =>
    accountWriter
      .reset()
      .u8(balance < 0 ? 1 : 0)
      .u64(Math.abs(balance))
      .u64(lastNo)
      .finish(),
  decode(bytes) {
    const reader = new ByteReader(bytes);
    const isNegative = reader.u8() === 1;
    const magnitude = reader.u64();
    return { balance: isNegative ? -magnitude : magnitude, lastNo: reader.u64() };
  },
};

export const roundIdCodec: Codec<RoundId> = {
  encode: (value) => new ByteWriter(64).string(value).finish(),
  decode: (bytes) => new ByteReader(bytes).string() as RoundId,
};

export interface OpenHold {
  readonly account: AccountId;
  readonly sats: number;
}

export const openHoldCodec: Codec<OpenHold> = {
  encode: ({ account, sats }) => new ByteWriter(28).bytes(fromHex(account)).u64(sats).finish(),
  decode(bytes) {
    const reader = new ByteReader(bytes);
    return { account: toHex(reader.bytes(20)) as AccountId, sats: reader.u64() };
  },
};

const COIN_STATES: readonly CoinState[] = ['pending', 'free', 'reserved', 'spent'];

export interface CoinValue {
  readonly sats: number;
  readonly state: CoinState;
  readonly roundId: RoundId | null;
}

export const coinCodec: Codec<CoinValue> = {
  encode: ({ sats, state, roundId }) =>
    new ByteWriter(64)
      .u64(sats)
      .u8(COIN_STATES.indexOf(state))
      .string(roundId ?? '')
      .finish(),
  decode(bytes) {
    const reader = new ByteReader(bytes);
    const sats = reader.u64();
    const state = element(COIN_STATES, reader.u8());
    const roundId = reader.string();
    return { sats, state, roundId: roundId === '' ? null : (roundId as RoundId) };
  },
};

export const coinRefCodec: Codec<CoinRef> = {
  encode: (coin) => writeCoinRef(new ByteWriter(36), coin).finish(),
  decode: (bytes) => readCoinRef(new ByteReader(bytes)),
};

function writeCoinRef(writer: ByteWriter, coin: CoinRef): ByteWriter {
  return writer.bytes(fromHex(coin.txid)).u32(coin.vout);
}

function readCoinRef(reader: ByteReader): CoinRef {
  return { txid: toHex(reader.bytes(32)) as Txid, vout: reader.u32() };
}

export interface SettlementValue {
  readonly statement: Uint8Array;
  readonly plan: Uint8Array;
  readonly txids: readonly Txid[];
}

export const settlementCodec: Codec<SettlementValue> = {
  encode({ statement, plan, txids }) {
    const writer = new ByteWriter(statement.length + plan.length + 32 * txids.length + 12);
    writer.blob(statement).blob(plan).u32(txids.length);
    for (const txid of txids) writer.bytes(fromHex(txid));
    return writer.finish();
  },
  decode(bytes) {
    const reader = new ByteReader(bytes);
    const statement = reader.blob();
    const plan = reader.blob();
    const txids: Txid[] = [];
    for (let left = reader.u32(); left > 0; left--) txids.push(toHex(reader.bytes(32)) as Txid);
    return { statement, plan, txids };
  },
};

export const TX_STATUSES: readonly TxStatus[] = ['planned', 'accepted', 'mined', 'rejected'];

export interface TransactionValue {
  readonly roundId: RoundId;
  readonly no: number;
  /** Orders settlements. */
  readonly settlementNo: number;
  readonly status: TxStatus;
  readonly feeSats: number;
  readonly blockHeight: number | null;
  readonly spends: readonly CoinRef[];
  readonly makes: readonly CoinRef[];
}

export const transactionCodec: Codec<TransactionValue> = {
  encode(value) {
    const writer = new ByteWriter(128);
    writer.string(value.roundId).u32(value.no).u64(value.settlementNo);
    writer.u8(TX_STATUSES.indexOf(value.status)).u64(value.feeSats);
    writer.u8(value.blockHeight === null ? 0 : 1).u64(value.blockHeight ?? 0);
    for (const list of [value.spends, value.makes]) {
      writer.u32(list.length);
      for (const coin of list) writeCoinRef(writer, coin);
    }
    return writer.finish();
  },
  decode(bytes) {
    const reader = new ByteReader(bytes);
    const roundId = reader.string() as RoundId;
    const no = reader.u32();
    const settlementNo = reader.u64();
    const status = element(TX_STATUSES, reader.u8());
    const feeSats = reader.u64();
    const isMined = reader.u8() === 1;
    const height = reader.u64();
    const coins = (): CoinRef[] => Array.from({ length: reader.u32() }, () => readCoinRef(reader));
    const spends = coins();
    const makes = coins();
    const blockHeight = isMined ? height : null;
    return { roundId, no, settlementNo, status, feeSats, blockHeight, spends, makes };
  },
};
