/** A clock that all processes of a machine share, which `performance.now()` is not: it begins with each process. */

/** Between the two readings a busy machine may have done something else, which makes the difference smaller, never larger. */
const READINGS = 100;

function offsetMs(): number {
  let offset = Number.NEGATIVE_INFINITY;
  for (let reading = 0; reading < READINGS; reading++) {
    const sharedMs = Number(process.hrtime.bigint() / 1_000n) / 1_000;
    offset = Math.max(offset, sharedMs - performance.now());
  }
  return offset;
}

const OFFSET_MS = offsetMs();

/** Milliseconds since some moment before this machine's processes began; never steps. */
export function monotonicMs(): number {
  return performance.now() + OFFSET_MS;
}
