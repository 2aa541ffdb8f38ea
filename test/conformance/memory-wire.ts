/**
 * A server in memory with what the store asks of a record: conditions and operations in one step. It shows what the
 * store makes of faults where no server is at hand; whether a real one answers alike is shown by the suite on one.
 */
import type {
  At,
  Bins,
  BinValue,
  Condition,
  Mutation,
  Op,
  Outcome,
} from '../../src/store/aerospike/mutation.ts';
import type { Wire } from '../../src/store/aerospike/wire.ts';

interface Stored {
  readonly bins: Record<string, unknown>;
  changedMs: number;
}

export class MemoryWire implements Wire {
  readonly #records = new Map<string, Stored>();

  get(at: At, only?: readonly string[]): Promise<Bins | undefined> {
    const bins = this.#records.get(nameOf(at))?.bins;
    if (bins === undefined) return Promise.resolve(undefined);
    const names = only ?? Object.keys(bins);
    return Promise.resolve(structuredClone(Object.fromEntries(names.map((name) => [name, bins[name]]))));
  }

  getMany(ats: readonly At[]): Promise<readonly (Bins | undefined)[]> {
    return Promise.all(ats.map((at) => this.get(at)));
  }

  mutate({ at, ops, when = [], existence = 'any' }: Mutation): Promise<Outcome> {
    const found = this.#records.get(nameOf(at));
    if (found === undefined && existence === 'update') return Promise.resolve({ kind: 'missing' });
    if (found !== undefined && existence === 'create') return Promise.resolve({ kind: 'exists' });
    if (found !== undefined && !when.every((one) => holds(found, one))) {
      return Promise.resolve({ kind: 'filtered' });
    }
    const record: Stored = found ?? { bins: {}, changedMs: 0 };
    const answers: Record<string, unknown> = {};
    for (const op of ops) operate(record.bins, op, answers);
    record.changedMs = performance.now();
    this.#records.set(nameOf(at), record);
    return Promise.resolve({ kind: 'applied', bins: structuredClone(answers) });
  }

  remove(at: At): Promise<void> {
    this.#records.delete(nameOf(at));
    return Promise.resolve();
  }

  scan(set: At['set'], visit: (bins: Bins) => void): Promise<void> {
    for (const [name, { bins }] of this.#records)
      if (name.startsWith(`${set}/`)) visit(structuredClone(bins));
    return Promise.resolve();
  }

  flushWithinMs(): Promise<number> {
    return Promise.resolve(0);
  }

  clusterKey(): Promise<string> {
    return Promise.resolve('memory');
  }

  close(): void {
    // Nothing is open.
  }
}

function nameOf({ set, key }: At): string {
  return `${set}/${key}`;
}

function mapIn(bins: Record<string, unknown>, bin: string): Record<string, BinValue> {
  return (bins[bin] ??= {}) as Record<string, BinValue>;
}

function listIn(bins: Record<string, unknown>, bin: string): BinValue[] {
  return (bins[bin] ??= []) as BinValue[];
}

function operate(bins: Record<string, unknown>, op: Op, answers: Record<string, unknown>): void {
  switch (op.op) {
    case 'put':
      bins[op.bin] = structuredClone(op.value);
      return;
    case 'add':
      bins[op.bin] = ((bins[op.bin] ?? 0) as number) + op.by;
      return;
    case 'append':
      listIn(bins, op.bin).push(structuredClone(op.value));
      return;
    case 'dropFirst':
      listIn(bins, op.bin).splice(0, op.count);
      return;
    case 'mapPut':
      mapIn(bins, op.bin)[op.key] = structuredClone(op.value);
      return;
    case 'mapRemove':
      for (const key of op.keys) delete mapIn(bins, op.bin)[key];
      return;
    case 'mapKeepTop': {
      const top = Object.entries(mapIn(bins, op.bin)).toSorted(([, a], [, b]) => Number(b) - Number(a));
      bins[op.bin] = Object.fromEntries(top.slice(0, op.count));
      return;
    }
    case 'read':
      answers[op.bin] = bins[op.bin];
      return;
    default: // touch
  }
}

function holds({ bins, changedMs }: Stored, condition: Condition): boolean {
  switch (condition.is) {
    case 'equal':
      return (bins[condition.bin] ?? (typeof condition.value === 'number' ? 0 : '')) === condition.value;
    case 'atLeast':
      return ((bins[condition.bin] ?? 0) as number) >= condition.value;
    case 'hasKey':
      return condition.key in mapIn(bins, condition.bin);
    case 'lacksKey':
      return !(condition.key in mapIn(bins, condition.bin));
    case 'keyEquals':
      return mapIn(bins, condition.bin)[condition.key] === condition.value;
    case 'keysBetween': {
      const { bin, from, to, count } = condition;
      return Object.keys(mapIn(bins, bin)).filter((key) => key >= from && key < to).length === count;
    }
    case 'listBase':
      return (bins[condition.total] as number) - listIn(bins, condition.bin).length === condition.base;
    case 'unchangedForMs':
      return performance.now() - changedMs >= condition.ms;
    default:
      return false;
  }
}
