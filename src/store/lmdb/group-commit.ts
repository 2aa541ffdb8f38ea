/**
 * Executes writes in groups, one durable commit each. Owned by the writer thread.
 *
 * A group runs in one transaction, in order, each write seeing those before it. A write that throws before
 * it has written fails alone. One that throws halfway undoes the whole transaction, and its group is run
 * again one by one, so that the others are not harmed. Outcomes are known only when the commit is durable:
 * until then even a refusal may rest on a write that fails to commit.
 *
 * A commit flushes the data, then writes and flushes the page that makes it current. If the first fails (no
 * space, a bad disk) nothing has changed. If the second fails, the page may or may not have reached the
 * disk: LMDB locks itself for this process and only a restart can tell. That one is in doubt, and nothing
 * after it is.
 */
import { EngineError } from '../../core/errors.ts';
import { type Database, type Transaction, transactionOf } from './database.ts';
import { faultOf } from './faults.ts';
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

export class GroupCommitter {
  readonly #db: Database;
  readonly #inner: Transaction;
  readonly #tx: Transaction;
  readonly #hasRoom: () => boolean;
  #hasWritten = false;
  #isLocked = false;

  constructor(db: Database, hasRoom: () => boolean) {
    this.#db = db;
    this.#hasRoom = hasRoom;
    this.#inner = transactionOf(db);
    this.#tx = {
      ...this.#inner,
      put: (key, value) => {
        this.#hasWritten = true;
        this.#inner.put(key, value);
      },
      remove: (key) => {
        this.#hasWritten = true;
        this.#inner.remove(key);
      },
    };
  }

  /** Blocks until the outcomes are durable; answers one for each write, in order. */
  commit(writes: readonly Write[]): readonly Attempt[] {
    if (this.#isLocked) return failAll(writes, faultOf(lockedError(), false));
    if (!this.#hasRoom()) return failAll(writes, faultOf(fullError(), false));
    let attempts: readonly Attempt[] = [];
    let isCommitting = false;
    try {
      this.#db.transactionSync(() => {
        attempts = writes.map((write) => this.#attempt(write));
        isCommitting = true;
      });
      return attempts;
    } catch (error) {
      if (error instanceof HalfDone) {
        if (writes.length > 1) return writes.flatMap((write) => this.commit([write]));
        return failAll(writes, faultOf(error.cause, false));
      }
      this.#isLocked = isCommitting && !this.#canWrite();
      return failAll(writes, faultOf(error, this.#isLocked));
    }
  }

  #attempt({ name, input }: Write): Attempt {
    this.#hasWritten = false;
    try {
      return { ok: true, result: runOperation(this.#tx, name, input) };
    } catch (error) {
      if (this.#hasWritten) throw new HalfDone('a write failed halfway', { cause: error });
      return { ok: false, fault: faultOf(error, false) };
    }
  }

  /** An empty transaction asks for no space: a full disk is not mistaken for a locked database. */
  #canWrite(): boolean {
    try {
      this.#db.transactionSync(() => undefined);
      return true;
    } catch {
      return false; // what gets reported is the error of the commit before
    }
  }
}

function failAll(writes: readonly Write[], fault: WriteFault): readonly Attempt[] {
  return writes.map(() => ({ ok: false, fault }));
}

function fullError(): EngineError {
  return new EngineError('STORE_FAILED', { message: 'The store has no space left on its device.' });
}

function lockedError(): EngineError {
  return new EngineError('STORE_FAILED', {
    message: 'The store locked itself when a commit failed at its last step. Restart the process.',
  });
}
