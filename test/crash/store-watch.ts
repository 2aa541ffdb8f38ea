/**
 * Looks into the files of the engine from outside, to know when to strike and, after a kill, what was struck. Opened for
 * a moment only: an engine that starts again has to find its files as the dead one left them.
 */
import { join } from 'node:path';
import { openLedgerFile } from '../../src/chain/dev/ledger-file.ts';
import { ownerCodec, transactionCodec } from '../../src/store/lmdb/codecs.ts';
import { type View, openDatabase, viewOf } from '../../src/store/lmdb/database.ts';
import { keys, lastId, prefix } from '../../src/store/lmdb/keys.ts';
import type { RoundId, Txid } from '../../src/core/ids.ts';
import type { ChainEvidence } from './evidence.ts';

export interface StoreWatch {
  /** Counts up with every settlement that is committed. */
  settlements(): number;
  /** Counts up with every snapshot that is committed. */
  snapshots(): number;
  close(): Promise<void>;
}

export function watchStore(dataDir: string): StoreWatch {
  const db = openDatabase(join(dataDir, 'store'), { readOnly: true });
  const view = viewOf(db);
  const count = (table: string): number => {
    db.resetReadTxn();
    return [...view.scan(prefix(table))].length;
  };
  return {
    settlements: () => count('S'),
    snapshots() {
      db.resetReadTxn();
      let sum = 0;
      for (const { key } of view.scan(prefix('o'))) sum += snapshotSeq(view, lastId(key, 1) as RoundId);
      return sum;
    },
    close: () => db.close(),
  };
}

function snapshotSeq(view: View, roundId: RoundId): number {
  return view.read(ownerCodec, keys.owner(roundId))?.snapshotSeq ?? 0;
}

/** What a dead engine was in the middle of; each once. */
export async function postMortem(dataDir: string): Promise<readonly string[]> {
  const struck = new Set<string>();
  const db = openDatabase(join(dataDir, 'store'), { readOnly: true });
  const chain = openLedgerFile(join(dataDir, 'chain'));
  try {
    const view = viewOf(db);
    for (const { key } of view.scan(prefix('u'))) {
      const owner = view.read(ownerCodec, keys.owner(lastId(key, 1) as RoundId));
      if (owner !== undefined) struck.add(owner.phase);
    }
    for (const { value } of view.scan(prefix('x'))) {
      const txid = Buffer.from(value).toString('latin1') as Txid;
      const status = view.read(transactionCodec, keys.transaction(txid))?.status;
      const sent = chain.transactions.doesExist(txid);
      if (status === 'planned') struck.add(sent ? 'broadcast, not booked' : 'committed, not broadcast');
      if (status === 'accepted') struck.add('accepted, not mined');
    }
  } finally {
    await db.close();
    await chain.root.close();
  }
  return [...struck];
}

/** All that the chain has, once its engine has stopped. */
export async function readChain(dataDir: string): Promise<ChainEvidence> {
  const chain = openLedgerFile(join(dataDir, 'chain'));
  try {
    return {
      transactions: [...chain.transactions.getRange({})].map(({ key, value }) => ({
        txid: key,
        raw: Buffer.from(value).toString('hex'),
      })),
      blocks: [...chain.blocks.getRange({})].map(({ key, value }) => ({
        height: key,
        header: Buffer.from(value.header).toString('hex'),
        txids: value.txids,
      })),
    };
  } finally {
    await chain.root.close();
  }
}
