/**
 * Entry of the build thread: settlement's jobs with the wallet's builder and the treasury's key. Holds no state
 * between jobs. Started by the settlement service; a job that throws answers with the error.
 */
import { workerData } from 'node:worker_threads';
import { assert } from './core/assert.ts';
import { sha256 } from './platform/hash.ts';
import {
  type BuildAnswer,
  type BuildJob,
  type BuildTools,
  buildSettlement,
  writeReceipt,
} from './settlement/build-jobs.ts';
import type { BuildThreadData } from './settlement/build-pool.ts';
import { buildPayoutTransactions } from './wallet/payout-transactions.ts';

const data = workerData as BuildThreadData;
assert(data.privateKey.length === 32, 'the build thread has the key of the treasury');
const tools: BuildTools = {
  sha256,
  buildPayouts: (request) => buildPayoutTransactions(request, data.privateKey),
};

export default async function run(job: BuildJob): Promise<BuildAnswer | Uint8Array> {
  return job.kind === 'settlement'
    ? await buildSettlement(job.request, tools)
    : writeReceipt(job.request, sha256);
}
