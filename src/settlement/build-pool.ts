/** The thread that builds and signs, behind functions. Owned by main; one job at a time, in order. */
import { Piscina } from 'piscina';
import type { BuildAnswer, BuildJob, BuildRequest, ReceiptRequest } from './build-jobs.ts';

export interface BuildPool {
  build(request: BuildRequest): Promise<BuildAnswer>;
  receipt(request: ReceiptRequest): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** workerData of the build thread. */
export interface BuildThreadData {
  readonly privateKey: Uint8Array;
}

/** `entry`: the file of the build thread. */
export function createBuildPool(entry: URL, data: BuildThreadData): BuildPool {
  const pool = new Piscina<BuildJob, unknown>({
    filename: entry.href,
    minThreads: 1,
    maxThreads: 1,
    workerData: data,
  });
  return {
    build: async (request) => (await pool.run({ kind: 'settlement', request })) as BuildAnswer,
    receipt: async (request) => (await pool.run({ kind: 'receipt', request })) as Uint8Array,
    close: async () => await pool.destroy(),
  };
}
