/** The suite of the Store port on a real Aerospike server: AEROSPIKE_HOSTS says where, else it is skipped. */
import { describe, it } from 'vitest';
import { openAerospikeStore } from '../../src/store/aerospike/aerospike-store.ts';
import { AEROSPIKE_HOSTS, openCleanStore } from './aerospike-clean.ts';
import { storeConformance } from './store-conformance.ts';

if (AEROSPIKE_HOSTS === undefined) {
  describe('store: aerospike', () => {
    it('is not tested: set AEROSPIKE_HOSTS (host:port) to run its suite against a server', ({ skip }) => {
      skip();
    });
  });
} else {
  storeConformance('aerospike', async () => {
    const opened = await openCleanStore('conf');
    let { store } = opened;
    return {
      store,
      async reopen() {
        await store.close();
        store = await openAerospikeStore(opened.options);
        return store;
      },
      async dispose() {
        await store.close();
        await opened.dispose();
      },
    };
  });
}
