/**
 * Ctrl-C: once ends the load, and what was paid is settled and reported; twice leaves at once. SIGTERM is the same request.
 * A terminal that is gone (SIGHUP) leaves: nobody is there to read a report.
 */

export interface StopHooks {
  /** True: the load ends early. False: there is nothing to report yet, so it leaves. */
  readonly stop: () => boolean;
  /** Ends the process. */
  readonly leave: () => void;
}

/** Returns what takes the hooks off again. */
export function onStopSignals({ stop, leave }: StopHooks): () => void {
  let stopped = false;
  const onSignal = (): void => {
    if (stopped || !stop()) return leave();
    stopped = true;
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
  process.on('SIGHUP', leave);
  return () => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
    process.off('SIGHUP', leave);
  };
}
