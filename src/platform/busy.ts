/** How busy the calling thread is: the event loop's own account of when it waited. */
import { performance } from 'node:perf_hooks';

/** Returns a function that answers the part of the time since it was last called in which the thread did not wait. */
export function busyMeter(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}
