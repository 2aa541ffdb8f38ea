/** Every bench, in the order they run. Code that needs packages of its own is in `peers/servers`, out of the root's checks. */
import { fanOut } from './fan-out/fan-out.ts';
import { functions } from './functions/functions.ts';
import { growth } from './growth/growth.ts';
import { hop } from './hop/hop.ts';
import { ingest } from './ingest/ingest.ts';
import { memory } from './memory/memory.ts';
import { peers } from './peers/peers.ts';
import { recovery } from './recovery/recovery.ts';
import type { Bench } from './report.ts';
import { settlement } from './settlement/settlement.ts';

export const BENCHES: readonly Bench[] = [
  functions,
  ingest,
  fanOut,
  hop,
  settlement,
  memory,
  recovery,
  growth,
  peers,
];
