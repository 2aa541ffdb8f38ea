/** Which store the settings ask for, and opening it: main and the shards get the same one. */
import type { Store } from './ports/store.ts';
import type { Config } from './settings.ts';
import { openAerospikeStore } from './store/aerospike/aerospike-store.ts';
import type { AerospikeOptions } from './store/aerospike/options.ts';
import { openLmdbStore } from './store/lmdb/lmdb-store.ts';

/** Plain data, so that main can hand it to its threads. */
export type StoreChoice =
  | { readonly kind: 'lmdb'; readonly path: string }
  | { readonly kind: 'aerospike'; readonly options: AerospikeOptions };

/** `path`: where an embedded store is. */
export function storeChoiceOf(config: Config, path: string): StoreChoice {
  if (config.store === 'lmdb') return { kind: 'lmdb', path };
  return {
    kind: 'aerospike',
    options: {
      hosts: config.aerospikeHosts,
      namespace: config.aerospikeNamespace,
      setPrefix: config.aerospikeSetPrefix ?? '',
      connectTimeoutMs: config.aerospikeConnectTimeoutMs,
      commandTimeoutMs: config.aerospikeCommandTimeoutMs,
      retriesMax: config.aerospikeRetriesMax,
      inFlightMax: config.aerospikeInFlightMax,
      breakerFailures: config.aerospikeBreakerFailures,
      breakerOpenMs: config.aerospikeBreakerOpenMs,
      stalledMs: config.aerospikeStalledMs,
      ackDelayMs: config.aerospikeAckDelayMs,
    },
  };
}

/** Main first, then its threads. @throws {EngineError} when it cannot be opened. */
export function openStore(choice: StoreChoice): Promise<Store> {
  return choice.kind === 'lmdb' ? openLmdbStore({ path: choice.path }) : openAerospikeStore(choice.options);
}
