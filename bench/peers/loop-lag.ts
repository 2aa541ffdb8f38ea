/** How late the event loop of this process is: whoever measures latency may be what is slow. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopLag {
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What the histogram has is the time between two turns of a timer, which is this when nothing is late. */
const RESOLUTION_MS = 5;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

/** Since the last time it was asked for. */
export function loopLag(): LoopLag {
  const lag = { p99Ms: lateMs(delay.percentile(99)), maxMs: lateMs(delay.max) };
  delay.reset();
  return lag;
}

function lateMs(turnNs: number): number {
  return Math.max(0, turnNs / 1e6 - RESOLUTION_MS);
}
