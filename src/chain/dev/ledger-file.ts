/**
 * What the dev chain keeps, in an LMDB environment of its own. A coin exists when its transaction is stored and
 * no row of `spent` names it, so a transaction with thousands of outputs is one row. Everything that belongs
 * together is written in one LMDB transaction and is there after the process is killed. Nothing is pruned.
 *
 *   blocks        height -> { header, txids }
 *   transactions  txid -> raw bytes
 *   places        txid -> [height, index]; absent while in the mempool
 *   mempool       counter -> [txid, fee in sats], in order of arrival
 *   spent         "txid:vout" -> txid of the spender
 *   faucet        "txid:vout" -> sats, the faucet's coins
 *   meta          format, height, faucetKey, arrivals
 */
import { type Database, type RootDatabase, open } from 'lmdb';
import { EngineError } from '../../core/errors.ts';
import type { Txid } from '../../core/ids.ts';

const FORMAT = 1;

export interface StoredBlock {
  readonly header: Uint8Array;
  readonly txids: readonly Txid[];
}

export interface LedgerFile {
  readonly root: RootDatabase;
  readonly blocks: Database<StoredBlock, number>;
  readonly transactions: Database<Uint8Array, string>;
  readonly places: Database<readonly [height: number, index: number], string>;
  readonly mempool: Database<readonly [txid: Txid, feeSats: number], number>;
  readonly spent: Database<Txid, string>;
  readonly faucet: Database<number, string>;
  readonly meta: Database<number | Uint8Array, string>;
}

export function openLedgerFile(path: string): LedgerFile {
  const root = open({ path, noSubdir: false, maxDbs: 8 });
  const file: LedgerFile = {
    root,
    blocks: root.openDB({ name: 'blocks', keyEncoding: 'uint32' }),
    transactions: root.openDB({ name: 'transactions', encoding: 'binary' }),
    places: root.openDB({ name: 'places' }),
    mempool: root.openDB({ name: 'mempool', keyEncoding: 'uint32' }),
    spent: root.openDB({ name: 'spent', encoding: 'string' }),
    faucet: root.openDB({ name: 'faucet' }),
    meta: root.openDB({ name: 'meta' }),
  };
  const format = file.meta.get('format');
  if (format !== undefined && format !== FORMAT) {
    throw new EngineError('CHAIN_FAILED', { message: `dev chain in ${path} has format ${String(format)}` });
  }
  if (format === undefined) file.meta.putSync('format', FORMAT);
  return file;
}

export function outpointOf(txid: Txid, vout: number): string {
  return `${txid}:${vout}`;
}
