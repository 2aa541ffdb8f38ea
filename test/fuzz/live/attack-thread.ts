/** The attackers on a thread of their own, so that the honest viewers' clock is not theirs. */
import { parentPort, workerData } from 'node:worker_threads';
import { type AttackOptions, attack } from './attack.ts';

const report = await attack(workerData as AttackOptions);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(report);
