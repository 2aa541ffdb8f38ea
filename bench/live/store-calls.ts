/** How often this thread called the store, by operation. Counted by counted-store.ts, read by the probe. */

const calls = new Map<string, number>();

export function countStoreCall(operation: string): void {
  calls.set(operation, (calls.get(operation) ?? 0) + 1);
}

export function storeCalls(): Record<string, number> {
  return Object.fromEntries(calls);
}
