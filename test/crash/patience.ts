/** Waiting for something outside this process, with an end. */

const POLL_MS = 20;

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks until there is an answer; undefined when there was none in time. */
export async function poll<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  options: { readonly timeoutMs: number; readonly everyMs?: number },
): Promise<T | undefined> {
  const deadlineMs = performance.now() + options.timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadlineMs) return undefined;
    await pause(options.everyMs ?? POLL_MS);
  }
}
