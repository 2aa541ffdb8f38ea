/**
 * What the dev chain keeps, in an LMDB environment of its own. A coin exists when its transaction is stored and
 * no row of `spent` names it, so a transaction with thousands of outputs is one row. Everything that belongs
 * together is written in one LMDB transaction and is there after the process is killed. Nothing is pruned. Values are
 * sealed with a checksum, and the whole file is read before it is opened: a damaged one is refused.
 *
 *   blocks        height -> { header, txids }
 *   transactions  txid -> raw bytes
 *   places        txid -> [height, index]; absent while in the mempool
 *   mempool       counter -> [txid, fee in sats], in order of arrival
 *   spent         "txid:vout" -> txid of the spender
 *   faucet        "txid:vout" -> sats, the faucet's coins
 *   meta          format, height, faucetKey, arrivals
 */
import { type RootDatabase, open } from 'lmdb';
import { EngineError } from '../../core/errors.ts';
import type { Txid } from '../../core/ids.ts';
import { checkLmdbFile } from '../../platform/lmdb-check.ts';
import { SealedTable, isWhole } from './sealed.ts';

/** 2: values have checksums. */
const FORMAT = 2;

export interface StoredBlock {
  readonly header: Uint8Array;
  readonly txids: readonly Txid[];
}

export interface LedgerFile {
  readonly path: string;
  readonly root: RootDatabase;
  readonly blocks: SealedTable<StoredBlock, number>;
  readonly transactions: SealedTable<Uint8Array, string>;
  readonly places: SealedTable<readonly [height: number, index: number], string>;
  readonly mempool: SealedTable<readonly [txid: Txid, feeSats: number], number>;
  readonly spent: SealedTable<Txid, string>;
  readonly faucet: SealedTable<number, string>;
  readonly meta: SealedTable<number | Uint8Array, string>;
}

/** Throws EngineError CHAIN_FAILED for a file that is damaged or of another format. */
export function openLedgerFile(path: string): LedgerFile {
  refuseDamage(path);
  // Without overlapping sync: it keeps a third meta page, which nothing checks.
  const root = open({ path, noSubdir: false, maxDbs: 8, overlappingSync: false });
  const byText = <V>(name: string): SealedTable<V, string> =>
    new SealedTable(root.openDB<Uint8Array, string>({ name, encoding: 'binary' }));
  const byNumber = <V>(name: string): SealedTable<V, number> =>
    new SealedTable(root.openDB<Uint8Array, number>({ name, encoding: 'binary', keyEncoding: 'uint32' }));
  const file: LedgerFile = {
    path,
    root,
    blocks: byNumber('blocks'),
    transactions: byText('transactions'),
    places: byText('places'),
    mempool: byNumber('mempool'),
    spent: byText('spent'),
    faucet: byText('faucet'),
    meta: byText('meta'),
  };
  const format = file.meta.get('format');
  if (format !== undefined && format !== FORMAT) {
    throw otherFormat(path, String(format));
  }
  if (format === undefined) root.transactionSync(() => void file.meta.put('format', FORMAT));
  return file;
}

function refuseDamage(path: string): void {
  let unsealed: string | undefined;
  const whole = checkLmdbFile(path, ({ table, key, value }) => {
    // The first format was not sealed; this row of it says so.
    if (table === 'meta' && Buffer.from(key).toString('latin1').startsWith('format') && value.length === 1) {
      unsealed = String(value[0]);
    }
    return undefined;
  });
  if (unsealed !== undefined) throw otherFormat(path, unsealed);
  const sealed = whole.ok
    ? checkLmdbFile(path, ({ key, value }) => (isWhole(key, value) ? undefined : NO_CHECKSUM))
    : whole;
  if (sealed.ok) return;
  throw new EngineError('CHAIN_FAILED', {
    message:
      `The development chain at ${path} is damaged: ${sealed.problem}. Nothing was changed. It holds the coins that the ` +
      'store counts on, so do not delete it alone. Keep a copy of the data directory as it is, test the disk, then put ' +
      'back the last good copy of the whole directory.',
  });
}

const NO_CHECKSUM = 'it does not have its checksum';

function otherFormat(path: string, format: string): EngineError {
  return new EngineError('CHAIN_FAILED', {
    message:
      `The development chain at ${path} has format ${format} and this version reads ${FORMAT}. ` +
      'Run the version that wrote it, or point the data directory to an empty place.',
  });
}

export function outpointOf(txid: Txid, vout: number): string {
  return `${txid}:${vout}`;
}
