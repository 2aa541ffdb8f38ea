/** The version of what is in the database, checked before anything else is read or written. */
import { EngineError } from '../../core/errors.ts';
import { integerCodec } from './codecs.ts';
import { UNSEALED_SCHEMA_BYTES } from './damage.ts';
import { type Database, transactionOf } from './database.ts';
import { keys } from './keys.ts';

/** 2: values have checksums. */
export const SCHEMA_VERSION = 2;

/** Marks an empty database as of this version. Throws for a database of any other. */
export function ensureSchema(db: Database, path: string): void {
  db.transactionSync(() => {
    const found = schemaOf(db);
    if (found === SCHEMA_VERSION) return;
    if (found !== undefined) {
      throw new EngineError('STORE_FAILED', {
        message:
          `The store at ${path} has schema ${found} and this version reads ${SCHEMA_VERSION}. ` +
          'Run the version that wrote it, or point the data directory to an empty place.',
      });
    }
    transactionOf(db).put(keys.meta('schema'), integerCodec.encode(SCHEMA_VERSION));
  });
}

function schemaOf(db: Database): number | undefined {
  const key = keys.meta('schema');
  const raw = db.getBinary(key);
  if (raw?.length === UNSEALED_SCHEMA_BYTES) return integerCodec.decode(raw);
  return transactionOf(db).read(integerCodec, key);
}
