/**
 * A write to one record as plain data: what to change, on which conditions. The server checks the conditions
 * (a filter expression) and changes the record in one atomic step; several records are never atomic here.
 */

/** Sets of the namespace; what is in them: docs/AEROSPIKE.md. */
export const SETS = [
  'rounds',
  'accounts',
  'journal',
  'coins',
  'streams',
  'outbox',
  'blobs',
  'index',
] as const;
export type SetName = (typeof SETS)[number];

/** Names a record. */
export interface At {
  readonly set: SetName;
  readonly key: string;
}

export type Bins = Readonly<Record<string, unknown>>;
type Scalar = string | number;
export type BinValue = Scalar | Uint8Array | readonly BinValue[] | { readonly [key: string]: BinValue };

export type Op =
  | { readonly op: 'put'; readonly bin: string; readonly value: BinValue }
  | { readonly op: 'add'; readonly bin: string; readonly by: number }
  | { readonly op: 'append'; readonly bin: string; readonly value: BinValue }
  | { readonly op: 'dropFirst'; readonly bin: string; readonly count: number }
  | { readonly op: 'mapPut'; readonly bin: string; readonly key: string; readonly value: BinValue }
  | { readonly op: 'mapRemove'; readonly bin: string; readonly keys: readonly string[] }
  /** Keeps the `count` entries with the highest values. */
  | { readonly op: 'mapKeepTop'; readonly bin: string; readonly count: number }
  /** Answers the bin as it is after the operations before. */
  | { readonly op: 'read'; readonly bin: string }
  /** Changes nothing but when the record was last written. */
  | { readonly op: 'touch' };

/** All of them have to hold. A bin that is missing counts as 0, as an empty string, or as an empty map. */
export type Condition =
  | { readonly is: 'equal'; readonly bin: string; readonly value: Scalar }
  | { readonly is: 'atLeast'; readonly bin: string; readonly value: number }
  | { readonly is: 'hasKey' | 'lacksKey'; readonly bin: string; readonly key: string }
  | { readonly is: 'keyEquals'; readonly bin: string; readonly key: string; readonly value: number }
  /** How many keys there are from `from` (inclusive) to `to` (exclusive). */
  | {
      readonly is: 'keysBetween';
      readonly bin: string;
      readonly from: string;
      readonly to: string;
      readonly count: number;
    }
  /** The list in `bin` starts behind this many elements of all there ever were, counted in `total`. */
  | { readonly is: 'listBase'; readonly bin: string; readonly total: string; readonly base: number }
  /** By the server's clock. */
  | { readonly is: 'unchangedForMs'; readonly ms: number };

export interface Mutation {
  readonly at: At;
  readonly ops: readonly Op[];
  /** Checked only where the record exists: the server does not filter what is being created. */
  readonly when?: readonly Condition[];
  /** 'create': there must be no such record. 'update': there must be one. */
  readonly existence?: 'create' | 'update' | 'any';
}

export type Outcome =
  | { readonly kind: 'applied'; readonly bins: Bins }
  /** A condition does not hold; nothing was changed. */
  | { readonly kind: 'filtered' }
  /** 'update', and there is no record. */
  | { readonly kind: 'missing' }
  /** 'create', and there is a record. */
  | { readonly kind: 'exists' };
