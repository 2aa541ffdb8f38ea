/** A clock that all processes of a machine share, which `performance.now()` is not: it begins with each process. */
const OFFSET_MS = Number(process.hrtime.bigint() / 1_000n) / 1_000 - performance.now();

/** Milliseconds since some moment before this machine's processes began; never steps. */
export function monotonicMs(): number {
  return performance.now() + OFFSET_MS;
}
