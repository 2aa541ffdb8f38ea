/**
 * What the threads of one store say to each other. A handle and the writer share a MessagePort: requests one
 * way, in batches of one turn; outcomes the other, in batches of one commit. Errors cross as plain data.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Code } from '../../core/errors.ts';
import type { OperationName } from './operations.ts';

export interface WriteRequest {
  /** Counts the requests of a handle. */
  readonly id: number;
  readonly name: OperationName;
  readonly input: unknown;
}

/** Why a write did not happen, or may have (`inDoubt`). */
export type WriteFault =
  | { readonly kind: 'bug'; readonly message: string }
  | { readonly kind: 'fault'; readonly code: Code; readonly message: string; readonly inDoubt: boolean };

export type WriteOutcome =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly fault: WriteFault };

/** Writer to handle. `welcome` comes once, before anything else. */
export type FromWriter =
  | { readonly kind: 'welcome' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'outcomes'; readonly outcomes: readonly WriteOutcome[] };

/** Main thread to writer. */
export type ToWriter = { readonly kind: 'connect'; readonly port: MessagePort } | { readonly kind: 'stop' };

/** Writer to main thread, once, when the database is open or could not be opened. */
export type WriterStart =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly fault: WriteFault };

/** Any other thread to main, by `postMessageToThread`: give me a line to the writer of this path. */
export interface ConnectRequest {
  readonly ringside: 'store.connect';
  readonly path: string;
  readonly port: MessagePort;
}
