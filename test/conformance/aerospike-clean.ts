/**
 * An Aerospike store for one test: sets of its own, emptied before and after. Names of sets stay in a namespace
 * for good and are limited, so tests take turns with a few.
 */
import type { Store } from '../../src/ports/store.ts';
import { openAerospikeStore } from '../../src/store/aerospike/aerospike-store.ts';
import { SETS } from '../../src/store/aerospike/mutation.ts';
import { AEROSPIKE_DEFAULTS, type AerospikeOptions } from '../../src/store/aerospike/options.ts';

/** Where the tests' server is; undefined: they are skipped. */
export const AEROSPIKE_HOSTS: string | undefined = process.env['AEROSPIKE_HOSTS'];

const PREFIXES = 24;
let turn = 0;

export interface CleanStore {
  readonly options: AerospikeOptions;
  readonly store: Store;
  readonly dispose: () => Promise<void>;
}

export function testOptions(suite: string): AerospikeOptions {
  return {
    ...AEROSPIKE_DEFAULTS,
    hosts: AEROSPIKE_HOSTS ?? '',
    setPrefix: `${suite}${turn++ % PREFIXES}`,
    stalledMs: 400,
    ackDelayMs: 0,
  };
}

export async function openCleanStore(suite: string): Promise<CleanStore> {
  const options = testOptions(suite);
  await truncate(options);
  const store = await openAerospikeStore(options);
  return {
    options,
    store,
    async dispose() {
      await store.close();
      await truncate(options);
    },
  };
}

/** Removes every record of the prefix; what is written in the next millisecond could go with them. */
export async function truncate({ hosts, namespace, setPrefix }: AerospikeOptions): Promise<void> {
  const { default: as } = await import('aerospike');
  const client = await as.connect({ hosts, log: { level: as.log.OFF } });
  for (const set of SETS) await client.truncate(namespace, `${setPrefix}-${set}`, 0);
  client.close(false);
  await new Promise<void>((resolve) => void setTimeout(resolve, 5));
}
