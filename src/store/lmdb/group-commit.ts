/**
 * Executes writes in groups, one durable commit each. Owned by the writer thread.
 *
 * A group runs in one transaction, in order, each write seeing those before it. A write that throws before it
 * has written fails alone. One that throws halfway undoes the whole transaction, and its group is run again one by one
 * so that the others are not harmed. Outcomes are known only when the commit is durable: until then
 * even a refusal may rest on a write that fails to commit.
 *
 * `commit` of the package flushes data, then the page that makes it current, and throws when either fails. If
 * the first fails nothing has changed. If the second fails the library locks itself against further writes, and only
 * a restart can tell: that is what `inDoubt` says.
 */
import { ABORT } from 'lmdb';
import { type Database, type Transaction, transactionOf } from './database.ts';
import { faultOf } from './faults.ts';
import { keys } from './keys.ts';
import type { WriteFault, WriteRequest } from './messages.ts';
import { runOperation } from './operations.ts';

export type Attempt =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly fault: WriteFault };

type Write = Pick<WriteRequest, 'name' | 'input'>;

/** Marks that a write failed after it had begun to write; never leaves this file. */
class HalfDone extends Error {
  override readonly name = 'HalfDone';
}

/** Blocks until the outcomes are durable; answers one for each write, in order. */
export function commitGroup(db: Database, writes: readonly Write[]): readonly Attempt[] {
  const tracked = trackedTransaction(db);
  let attempts: Attempt[] = [];
  let isCommitting = false;
  try {
    db.transactionSync(() => {
      attempts = writes.map(({ name, input }) => {
        tracked.begin();
        try {
          return { ok: true, result: runOperation(tracked.tx, name, input) };
        } catch (error) {
          if (tracked.hasWritten()) throw new HalfDone('a write failed halfway', { cause: error });
          return { ok: false, fault: faultOf(error, false) };
        }
      });
      isCommitting = true;
    });
    return attempts;
  } catch (error) {
    if (error instanceof HalfDone) {
      if (writes.length > 1) return writes.flatMap((write) => commitGroup(db, [write]));
      return [{ ok: false, fault: faultOf(error.cause, false) }];
    }
    const fault = faultOf(error, isCommitting && !canWrite(db));
    return writes.map(() => ({ ok: false, fault }));
  }
}

function trackedTransaction(db: Database): {
  readonly tx: Transaction;
  begin(): void;
  hasWritten(): boolean;
} {
  const inner = transactionOf(db);
  let written = false;
  const tx: Transaction = {
    ...inner,
    put(key, value) {
      written = true;
      inner.put(key, value);
    },
    remove(key) {
      written = true;
      inner.remove(key);
    },
  };
  return {
    tx,
    begin() {
      written = false;
    },
    hasWritten: () => written,
  };
}

/** Whether the library still takes writes: it does not after a commit that failed at its last step. */
function canWrite(db: Database): boolean {
  try {
    db.transactionSync(() => {
      transactionOf(db).put(keys.meta('probe'), new Uint8Array([1]));
      return ABORT;
    });
    return true;
  } catch {
    return false; // the error is that of the write before, which is what gets reported
  }
}
