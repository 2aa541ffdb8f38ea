import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts';
import { openMemoryStore } from '../../src/store/memory/memory-store.ts';
import { storeConformance } from './store-conformance.ts';

storeConformance('memory', async () => {
  const store = openMemoryStore();
  return { store, reopen: undefined, dispose: () => store.close() };
});

storeConformance('lmdb', async () => {
  const path = await mkdtemp(join(tmpdir(), 'ringside-store-'));
  let store = await openLmdbStore({ path });
  return {
    store,
    async reopen() {
      await store.close();
      store = await openLmdbStore({ path });
      return store;
    },
    async dispose() {
      await store.close();
      await rm(path, { recursive: true });
    },
  };
});
