/** Ctrl-C: once ends the load, and it is settled and reported; twice leaves at once. SIGTERM is the same request. */

export interface StopRequest {
  readonly signal: AbortSignal;
  /** Takes no more signals. */
  release(): void;
}

/** `leave` ends the process. */
export function stopOnSignals(hooks: {
  readonly asked: () => void;
  readonly leave: () => void;
}): StopRequest {
  const stopping = new AbortController();
  const onSignal = (): void => {
    if (stopping.signal.aborted) return hooks.leave();
    stopping.abort();
    hooks.asked();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
  return {
    signal: stopping.signal,
    release() {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
    },
  };
}
