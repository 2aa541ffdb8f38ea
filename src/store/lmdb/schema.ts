/** The version of what is in the database, checked before anything else is read or written. */
import { EngineError } from '../../core/errors.ts';
import { integerCodec } from './codecs.ts';
import { type Database, transactionOf } from './database.ts';
import { keys } from './keys.ts';

export const SCHEMA_VERSION = 1;

/** Marks an empty database as of this version. Throws for a database of any other. */
export function ensureSchema(db: Database, path: string): void {
  db.transactionSync(() => {
    const tx = transactionOf(db);
    const key = keys.meta('schema');
    const found = tx.read(integerCodec, key);
    if (found === SCHEMA_VERSION) return;
    if (found !== undefined) {
      throw new EngineError('STORE_FAILED', {
        message:
          `The store at ${path} has schema ${found} and this version reads ${SCHEMA_VERSION}. ` +
          'Run the version that wrote it, or point the data directory to an empty place.',
      });
    }
    tx.put(key, integerCodec.encode(SCHEMA_VERSION));
  });
}
