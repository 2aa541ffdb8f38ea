/** Every bench, in the order they run. Code that needs packages of its own is in `peers/servers`, out of the root's checks. */
import { functions } from './functions/functions.ts';
import { peers } from './peers/peers.ts';
import type { Bench } from './report.ts';
import { settlement } from './settlement/settlement.ts';

export const BENCHES: readonly Bench[] = [functions, settlement, peers];
