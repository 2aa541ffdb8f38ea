/**
 * The only file that knows the client package. It is native and belongs to the main thread of a process: it
 * runs on the process's default event loop and cannot be loaded in a worker (thread-bridge.ts goes around).
 * Loaded when a store is opened, so that whoever keeps the embedded store needs no such package.
 *
 * Every command is sent once here; what may be sent again is decided in records.ts.
 */
import type * as Client from 'aerospike';
import { unreachable } from '../../core/assert.ts';
import { EngineError } from '../../core/errors.ts';
import type { At, Bins, Condition, Mutation, Op, Outcome } from './mutation.ts';
import type { AerospikeOptions } from './options.ts';

type Package = typeof Client;
type Expression = Client.AerospikeExp;
/** The package's types disagree about whether a key may have no digest yet. */
type NamedKey = Client.Key & Client.KeyOptions;

/** What became of a command that has no answer of its own. */
export type WireFault =
  /** Nothing was changed: it was not sent, or the server refused it. */
  | 'refused'
  /** It was sent, and there was no answer. */
  | 'unanswered'
  /** It can never work like this: too large a record, a wrong namespace. */
  | 'impossible';

export class WireError extends Error {
  override readonly name = 'WireError';
  readonly fault: WireFault;

  constructor(fault: WireFault, message: string, cause: unknown) {
    super(message, { cause });
    this.fault = fault;
  }
}

export interface Wire {
  /** `only`: these bins; left out, all. */
  get(at: At, only?: readonly string[]): Promise<Bins | undefined>;
  /** In the order of `ats`. */
  getMany(ats: readonly At[]): Promise<readonly (Bins | undefined)[]>;
  mutate(mutation: Mutation): Promise<Outcome>;
  remove(at: At): Promise<void>;
  /** Every record of a set, in no order; not one state where others write meanwhile. */
  scan(set: At['set'], visit: (bins: Bins) => void): Promise<void>;
  /** How long the servers keep an acknowledged write in memory only, at most; 0: never. */
  flushWithinMs(): Promise<number>;
  /** What all servers call the cluster as it is now: another one each time that a server joins, leaves or starts. */
  clusterKey(): Promise<string>;
  close(): void;
}

/** Native connections to one node; commands above are refused by the client. */
const CONNECTIONS_SPARE = 36;

/** @throws {EngineError} STORE_FAILED when the package or the cluster is not there. */
export async function openWire(options: AerospikeOptions): Promise<Wire> {
  const as = await loadPackage();
  const client = await connect(as, options);
  return wireOf(as, client, options);
}

async function loadPackage(): Promise<Package> {
  try {
    const { default: as } = (await import('aerospike')) as unknown as { default: Package };
    return as;
  } catch (error) {
    throw new EngineError('STORE_FAILED', {
      message: 'The package "aerospike" cannot be loaded; it is optional: npm install --include=optional.',
      cause: error,
    });
  }
}

async function connect(as: Package, options: AerospikeOptions): Promise<Client.Client> {
  try {
    return await as.connect({
      hosts: options.hosts,
      connTimeoutMs: options.connectTimeoutMs,
      maxConnsPerNode: options.inFlightMax + CONNECTIONS_SPARE,
      log: { level: as.log.OFF },
    });
  } catch (error) {
    const { message } = error as Error;
    throw new EngineError('STORE_FAILED', {
      message: `No Aerospike cluster answers at ${options.hosts}: ${message}`,
      cause: error,
    });
  }
}

function wireOf(as: Package, client: Client.Client, options: AerospikeOptions): Wire {
  const { namespace, setPrefix } = options;
  const setOf = (set: At['set']): string => (setPrefix === '' ? set : `${setPrefix}-${set}`);
  const keyOf = ({ set, key }: At): NamedKey => new as.Key(namespace, setOf(set), key) as NamedKey;
  const once = { totalTimeout: options.commandTimeoutMs, maxRetries: 0 };
  const reading = { ...once, replica: as.policy.replica.MASTER };
  const writing = { ...once, commitLevel: as.policy.commitLevel.ALL };
  const forever = { ttl: as.ttl.NEVER_EXPIRE };
  const existence = {
    any: as.policy.exists.IGNORE,
    create: as.policy.exists.CREATE,
    update: as.policy.exists.UPDATE,
  };

  return {
    async get(at, only) {
      const policy = new as.ReadPolicy(reading);
      try {
        const { bins } = await (only === undefined
          ? client.get(keyOf(at), policy)
          : client.select(keyOf(at), [...only], policy));
        return bins;
      } catch (error) {
        if (codeOf(error) === as.status.ERR_RECORD_NOT_FOUND) return undefined;
        throw wireError(as, error);
      }
    },

    async getMany(ats) {
      if (ats.length === 0) return [];
      const records = ats.map((at) => ({ key: keyOf(at), readAllBins: true }));
      try {
        const results = await client.batchRead(records, new as.BatchPolicy(reading));
        return results.map(({ status, record }) => {
          if (status === as.status.OK) return record.bins;
          if (status === as.status.ERR_RECORD_NOT_FOUND) return undefined;
          throw new WireError('refused', `a batched read failed with status ${String(status)}`, undefined);
        });
      } catch (error) {
        throw wireError(as, error);
      }
    },

    async mutate(mutation) {
      const { at, ops, when, existence: exists = 'any' } = mutation;
      const filter = when === undefined || when.length === 0 ? undefined : filterOf(as, when);
      const policy = new as.OperatePolicy({
        ...writing,
        exists: existence[exists],
        ...(filter === undefined ? {} : { filterExpression: filter }),
      });
      try {
        const answer = await client.operate(
          keyOf(at),
          ops.map((op) => operationOf(as, op)),
          forever,
          policy,
        );
        return { kind: 'applied', bins: answer.bins };
      } catch (error) {
        const code = codeOf(error);
        if (code === as.status.FILTERED_OUT) return { kind: 'filtered' };
        if (code === as.status.ERR_RECORD_NOT_FOUND) return { kind: 'missing' };
        if (code === as.status.ERR_RECORD_EXISTS) return { kind: 'exists' };
        throw wireError(as, error);
      }
    },

    async remove(at) {
      try {
        await client.remove(keyOf(at), new as.RemovePolicy(once));
      } catch (error) {
        if (codeOf(error) !== as.status.ERR_RECORD_NOT_FOUND) throw wireError(as, error);
      }
    },

    scan(set, visit) {
      const stream = client.scan(namespace, setOf(set)).foreach();
      return new Promise((resolve, reject) => {
        stream.on('data', (record: Client.AerospikeRecord) => visit(record.bins));
        stream.on('error', (error) => reject(wireError(as, error)));
        stream.on('end', () => resolve());
      });
    },

    async flushWithinMs() {
      try {
        const answers = await client.infoAll(`namespace/${namespace}`);
        return Math.max(0, ...answers.map(({ info }) => flushWithinMs(info ?? '')));
      } catch (error) {
        throw wireError(as, error);
      }
    },

    async clusterKey() {
      const policy = new as.InfoPolicy({ timeout: options.commandTimeoutMs });
      try {
        const answers = await client.infoAll('cluster-stable:ignore-migrations=true', policy);
        const keys = new Set(answers.map(({ info }) => clusterKeyIn(info ?? '')));
        const [key] = keys;
        if (key !== undefined && keys.size === 1) return key;
      } catch (error) {
        throw wireError(as, error);
      }
      throw new WireError('refused', 'the servers do not agree on the cluster', undefined);
    },

    close() {
      client.close(false); // the package's event loop is shared by all clients and cannot be had again
    },
  };
}

function operationOf(as: Package, op: Op): Client.operations.Operation {
  const { maps, lists, operations } = as;
  const ordered = { order: maps.order.KEY_ORDERED };
  switch (op.op) {
    case 'put':
      return operations.write(op.bin, native(op.value));
    case 'add':
      return operations.incr(op.bin, op.by);
    case 'append':
      return lists.append(op.bin, native(op.value));
    case 'dropFirst':
      return lists.removeRange(op.bin, 0, op.count);
    case 'mapPut':
      return maps.put(op.bin, op.key, native(op.value), ordered);
    case 'mapRemove':
      return maps.removeByKeyList(op.bin, [...op.keys]);
    case 'mapKeepTop':
      return maps
        .removeByRankRange(op.bin, -op.count, op.count)
        .andReturn(maps.returnType.INVERTED | maps.returnType.NONE);
    case 'read':
      return operations.read(op.bin);
    case 'touch':
      return operations.touch(as.ttl.NEVER_EXPIRE);
    default:
      return unreachable(op);
  }
}

/** The client takes Buffers and plain objects only. */
function native(value: unknown): Client.AerospikeBinValue {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(native);
  return value as Client.AerospikeBinValue;
}

function filterOf(as: Package, conditions: readonly Condition[]): Expression {
  const all = conditions.map((condition) => expressionOf(as, condition));
  const [only] = all;
  return all.length === 1 && only !== undefined ? only : as.exp.and(...all);
}

/** An operand that is missing makes an expression unknown, which filters out: hence the defaults. */
function expressionOf(as: Package, condition: Condition): Expression {
  const { exp, maps } = as;
  const { COUNT, VALUE } = maps.returnType;
  const integer = (bin: string): Expression => exp.cond(exp.binExists(bin), exp.binInt(bin), exp.int(0));
  const lacks = (bin: string, key: string): Expression =>
    exp.or(
      exp.not(exp.binExists(bin)),
      exp.eq(exp.maps.getByKey(exp.binMap(bin), exp.str(key), exp.type.INT, COUNT), exp.int(0)),
    );
  switch (condition.is) {
    case 'equal': {
      const { bin, value } = condition;
      if (typeof value === 'number') return exp.eq(integer(bin), exp.int(value));
      return exp.eq(exp.cond(exp.binExists(bin), exp.binStr(bin), exp.str('')), exp.str(value));
    }
    case 'atLeast':
      return exp.ge(integer(condition.bin), exp.int(condition.value));
    case 'lacksKey':
      return lacks(condition.bin, condition.key);
    case 'hasKey':
      return exp.not(lacks(condition.bin, condition.key));
    case 'keyEquals': {
      const { bin, key, value } = condition;
      const found = exp.maps.getByKey(exp.binMap(bin), exp.str(key), exp.type.INT, VALUE);
      return exp.eq(found, exp.int(value));
    }
    case 'keysBetween': {
      const { bin, from, to, count } = condition;
      const range = exp.maps.getByKeyRange(exp.binMap(bin), exp.str(to), exp.str(from), COUNT);
      return exp.eq(exp.cond(exp.binExists(bin), range, exp.int(0)), exp.int(count));
    }
    case 'listBase': {
      const { bin, total, base } = condition;
      return exp.eq(exp.sub(integer(total), exp.lists.size(exp.binList(bin))), exp.int(base));
    }
    case 'unchangedForMs':
      return exp.ge(exp.sinceUpdate(), exp.int(condition.ms));
    default:
      return unreachable(condition);
  }
}

/** From what a node says about the namespace: `name=value;name=value`. */
function flushWithinMs(info: string): number {
  const found = new Map(
    info.split(/[;\t\n]/).map((pair): [string, string] => {
      const [name = '', value = ''] = pair.split('=');
      return [name, value];
    }),
  );
  if (found.get('storage-engine.commit-to-device') === 'true') return 0;
  return Number(found.get('storage-engine.flush-max-ms') ?? '0');
}

/** From what a node answers: the question, a tab, the key in hex. */
function clusterKeyIn(info: string): string | undefined {
  return /\t([0-9A-F]+)\s*$/i.exec(info)?.[1];
}

function codeOf(error: unknown): number | undefined {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'number' ? code : undefined;
}

/**
 * What the server itself refused has changed nothing, except when it says that it timed out. What the client
 * could not send has not either. Everything else may have arrived, whatever the client says about it.
 */
function wireError(as: Package, error: unknown): WireError {
  if (error instanceof WireError) return error;
  const { status } = as;
  const { message } = error as Error;
  const code = codeOf(error);
  const isImpossible =
    code === status.ERR_RECORD_TOO_BIG ||
    code === status.ERR_PARAM ||
    code === status.ERR_REQUEST_INVALID ||
    code === status.ERR_NAMESPACE_NOT_FOUND ||
    code === status.ERR_BIN_INCOMPATIBLE_TYPE ||
    code === status.ERR_BIN_NAME ||
    code === status.ERR_ENTERPRISE_ONLY;
  const wasNotSent =
    code === status.ERR_NO_MORE_CONNECTIONS ||
    code === status.ERR_INVALID_NODE ||
    code === status.ERR_ASYNC_QUEUE_FULL ||
    code === status.MAX_ERROR_RATE;
  const isRefused = code !== undefined && code > 0 && code !== status.ERR_TIMEOUT;
  const fault = isImpossible ? 'impossible' : wasNotSent || isRefused ? 'refused' : 'unanswered';
  return new WireError(fault, `${message} [${code ?? 'no code'}]`, error);
}
