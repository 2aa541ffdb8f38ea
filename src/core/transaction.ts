/**
 * Bitcoin transactions as bytes: the raw layout and the Extended Format (BRC-30), which carries for each input
 * the amount and locking script of the output it spends. Strict: one spelling per transaction (minimal varints,
 * nothing after the end), so that what was parsed serialises to the same bytes.
 *
 *   raw       u32 version | inputs | outputs | u32 lockTime
 *   extended  u32 version | 00 00 00 00 00 ef | inputs | outputs | u32 lockTime
 *   inputs    varint count | each: 32 txid, byte-reversed | u32 vout | varint + script | u32 sequence
 *             and in the extended format: u64 sats | varint + locking script
 *   outputs   varint count | each: u64 sats | varint + script
 */
import { assert } from './assert.ts';
import { ByteReader, ByteWriter, type Sha256, TruncatedError, equalBytes, fromHex, toHex } from './bytes.ts';
import type { AccountId, Txid } from './ids.ts';
import { isSats } from './sats.ts';

export interface TxInput {
  readonly txid: Txid;
  readonly vout: number;
  readonly unlockingScript: Uint8Array;
  readonly sequence: number;
}

/** An input with the output that it spends. */
export interface ExtendedInput extends TxInput {
  readonly sourceSats: number;
  readonly sourceScript: Uint8Array;
}

export interface TxOutput {
  readonly sats: number;
  readonly lockingScript: Uint8Array;
}

export interface Tx<Input extends TxInput = TxInput> {
  readonly version: number;
  readonly inputs: readonly Input[];
  readonly outputs: readonly TxOutput[];
  readonly lockTime: number;
}

export type ExtendedTx = Tx<ExtendedInput>;

const EF_MARKER = Uint8Array.of(0, 0, 0, 0, 0, 0xef);
/** Smallest possible encodings: a count beyond what the rest could hold is refused before memory is taken. */
const INPUT_BYTES_MIN = 41;
const OUTPUT_BYTES_MIN = 9;

export const SEQUENCE_FINAL = 0xffffffff;

export function writeVarint(writer: ByteWriter, value: number): void {
  if (value < 0xfd) writer.u8(value);
  else if (value <= 0xffff) writer.u8(0xfd).u16(value);
  else if (value <= 0xffffffff) writer.u8(0xfe).u32(value);
  else writer.u8(0xff).u64(value);
}

export function varintBytes(value: number): number {
  return value < 0xfd ? 1 : value <= 0xffff ? 3 : value <= 0xffffffff ? 5 : 9;
}

/** Throws TruncatedError, as ByteReader does, also for a number that has a shorter spelling. */
export function readVarint(reader: ByteReader): number {
  const first = reader.u8();
  if (first < 0xfd) return first;
  const [value, smallest] =
    first === 0xfd
      ? [reader.u16(), 0xfd]
      : first === 0xfe
        ? [reader.u32(), 0x1_0000]
        : [reader.u64(), 0x1_0000_0000];
  if (value < smallest) throw new TruncatedError(`varint is not minimal at ${reader.offset}`);
  return value;
}

export function writeTxid(writer: ByteWriter, txid: Txid): void {
  writer.bytes(fromHex(txid).toReversed());
}

export function readTxid(reader: ByteReader): Txid {
  return toHex(reader.bytes(32).toReversed()) as Txid;
}

/** Raw transaction; undefined when the bytes are not exactly one. */
export function parseTransaction(bytes: Uint8Array): Tx | undefined {
  return parse(bytes, false, readInput);
}

/** Extended Format; undefined when the bytes are not exactly one. */
export function parseExtended(bytes: Uint8Array): ExtendedTx | undefined {
  return parse(bytes, true, (reader) => {
    const input = readInput(reader);
    return { ...input, sourceSats: readSats(reader), sourceScript: reader.bytes(readVarint(reader)) };
  });
}

export function serialiseTransaction(tx: Tx): Uint8Array {
  return serialise(tx, false, writeInput);
}

export function serialiseExtended(tx: ExtendedTx): Uint8Array {
  return serialise(tx, true, (writer, input) => {
    writeInput(writer, input);
    writer.u64(input.sourceSats);
    writeVarint(writer, input.sourceScript.length);
    writer.bytes(input.sourceScript);
  });
}

export function sha256d(bytes: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(sha256(bytes));
}

/** Id of a raw (not extended) transaction, as displayed. */
export function txidOf(raw: Uint8Array, sha256: Sha256): Txid {
  return displayHash(sha256d(raw, sha256)) as Txid;
}

/** A hash of the chain side as people write it: byte-reversed hex. */
export function displayHash(hash: Uint8Array): string {
  return toHex(hash.toReversed());
}

/** OP_DUP OP_HASH160 <account> OP_EQUALVERIFY OP_CHECKSIG */
export function p2pkhScript(account: AccountId): Uint8Array {
  const script = new Uint8Array(25);
  script.set([0x76, 0xa9, 20]);
  script.set(fromHex(account), 3);
  script.set([0x88, 0xac], 23);
  return script;
}

/** Whom a P2PKH script pays; undefined for any other script. */
export function accountOfP2pkh(script: Uint8Array): AccountId | undefined {
  if (script.length !== 25) return undefined;
  const account = toHex(script.subarray(3, 23)) as AccountId;
  return equalBytes(p2pkhScript(account), script) ? account : undefined;
}

function parse<Input extends TxInput>(
  bytes: Uint8Array,
  extended: boolean,
  read: (reader: ByteReader) => Input,
): Tx<Input> | undefined {
  const reader = new ByteReader(bytes);
  try {
    const version = reader.u32();
    if (extended && !equalBytes(reader.bytes(EF_MARKER.length), EF_MARKER)) return undefined;
    const inputs: Input[] = [];
    for (let left = readCount(reader, INPUT_BYTES_MIN); left > 0; left--) inputs.push(read(reader));
    const outputs: TxOutput[] = [];
    for (let left = readCount(reader, OUTPUT_BYTES_MIN); left > 0; left--) {
      outputs.push({ sats: readSats(reader), lockingScript: reader.bytes(readVarint(reader)) });
    }
    const lockTime = reader.u32();
    return reader.remaining === 0 ? { version, inputs, outputs, lockTime } : undefined;
  } catch (error) {
    if (error instanceof TruncatedError) return undefined;
    throw error;
  }
}

function readCount(reader: ByteReader, bytesEach: number): number {
  const count = readVarint(reader);
  if (count * bytesEach > reader.remaining) throw new TruncatedError(`${count} items do not fit`);
  return count;
}

function readInput(reader: ByteReader): TxInput {
  return {
    txid: readTxid(reader),
    vout: reader.u32(),
    unlockingScript: reader.bytes(readVarint(reader)),
    sequence: reader.u32(),
  };
}

function readSats(reader: ByteReader): number {
  const value = reader.u64();
  if (!isSats(value)) throw new TruncatedError(`more sats than can exist at ${reader.offset}`);
  return value;
}

function serialise<Input extends TxInput>(
  tx: Tx<Input>,
  extended: boolean,
  write: (writer: ByteWriter, input: Input) => void,
): Uint8Array {
  const writer = new ByteWriter(64 + 200 * tx.inputs.length + 40 * tx.outputs.length).u32(tx.version);
  if (extended) writer.bytes(EF_MARKER);
  writeVarint(writer, tx.inputs.length);
  for (const input of tx.inputs) write(writer, input);
  writeVarint(writer, tx.outputs.length);
  for (const output of tx.outputs) writeOutput(writer, output);
  return writer.u32(tx.lockTime).finish();
}

function writeInput(writer: ByteWriter, input: TxInput): void {
  writeTxid(writer, input.txid);
  writer.u32(input.vout);
  writeVarint(writer, input.unlockingScript.length);
  writer.bytes(input.unlockingScript).u32(input.sequence);
}

export function writeOutput(writer: ByteWriter, output: TxOutput): void {
  assert(isSats(output.sats), 'an output is an amount');
  writer.u64(output.sats);
  writeVarint(writer, output.lockingScript.length);
  writer.bytes(output.lockingScript);
}
