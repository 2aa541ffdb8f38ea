/** Entry of a load process: makes its viewers, has them go, tells every second how it is, and in the end everything. */
import { existsSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { CliError } from '../../src/cli/terminal.ts';
import { Crew } from './crew.ts';
import type { FromLoadProcess, ToLoadProcess } from './messages.ts';
import { monotonicMs } from './monotonic.ts';

const SECOND_MS = 1_000;
/** A tenth of the share of others. */
const NICE = 10;
const AUTOGROUP = '/proc/self/autogroup';

let crew: Crew | null = null;
let sampling: NodeJS.Timeout | null = null;

function tell(message: FromLoadProcess, told?: () => void): void {
  process.send?.(message, undefined, undefined, told);
}

/**
 * Viewers are machines of their own in life: here they take what the engine leaves. Should that be too little, they are
 * late, and the run is invalid. Linux shares by session first (sched(7), autogroup), where there is such a file.
 */
function yieldToOthers(): void {
  setPriority(NICE);
  if (existsSync(AUTOGROUP)) writeFileSync(AUTOGROUP, String(NICE));
}

/** At whole seconds since the ramp, so that the samples of all processes are of the same seconds. */
function sampleFrom(rampAtMs: number, second: number): void {
  sampling = setTimeout(
    () => {
      if (crew !== null) tell({ kind: 'sample', ...crew.sample(second) });
      sampleFrom(rampAtMs, second + 1);
    },
    rampAtMs + second * SECOND_MS - monotonicMs(),
  );
}

async function take(message: ToLoadProcess): Promise<void> {
  switch (message.kind) {
    case 'prepare':
      // The first has those of whom something is timed.
      if (message.process > 0) yieldToOthers();
      crew = new Crew(message);
      await crew.fund();
      tell({ kind: 'prepared' });
      return;
    case 'go':
      crew?.go(message);
      sampleFrom(message.times.rampAtMs, 1);
      return;
    case 'stop':
      crew?.stop(message.endsAtMs);
      return;
    case 'finish':
      if (sampling !== null) clearTimeout(sampling);
      // It is long: hang up when it is on its way.
      if (crew !== null) tell({ kind: 'result', ...crew.finish() }, () => process.disconnect());
      return;
    default:
      message satisfies never;
  }
}

process.on('message', (message: ToLoadProcess) => {
  take(message).catch((error: unknown) => {
    const expected = error instanceof CliError;
    const text = error instanceof Error && !expected ? error.stack : undefined;
    tell({ kind: 'failed', message: text ?? (expected ? error.message : String(error)), expected });
  });
});
// Ctrl-C in a terminal comes to every process of it; what is to be done about it, the parent says.
process.on('SIGINT', () => undefined);
// Without the parent nobody hears of anything.
process.on('disconnect', () => process.exit());
