/** Every write there is, by name: what a request to the writer thread can ask for. */
import { accountWrites } from './accounts.ts';
import type { Transaction } from './database.ts';
import { counter, putCounter } from './journal.ts';
import { roundWrites } from './rounds.ts';
import { settlementWrites } from './settlements.ts';

const healthWrites = {
  /** Writes something and so proves that writing works. */
  check(tx: Transaction, _nothing: null): null {
    putCounter(tx, 'checks', counter(tx, 'checks') + 1);
    return null;
  },
} as const;

type Operations = typeof roundWrites & typeof accountWrites & typeof settlementWrites & typeof healthWrites;

const OPERATIONS: Operations = { ...roundWrites, ...accountWrites, ...settlementWrites, ...healthWrites };

export type OperationName = keyof Operations;
export type OperationInput<N extends OperationName> = Parameters<Operations[N]>[1];
export type OperationResult<N extends OperationName> = ReturnType<Operations[N]>;

/** Only this file knows that name and input fit together: they were paired by `OperationInput`. */
export function runOperation(tx: Transaction, name: OperationName, input: unknown): unknown {
  const operation = OPERATIONS[name] as (tx: Transaction, input: unknown) => unknown;
  return operation(tx, input);
}
