/** Command line of the simulator. */
import { runSeed } from './run.ts';

const seed = Number(process.argv[2] ?? 1);
const count = Number(process.argv[3] ?? 1);
const began = Date.now();
let events = 0;
for (let at = seed; at < seed + count; at++) {
  const outcome = await runSeed({
    seed: at,
    ...(count === 1 && process.argv[4]
      ? { write: (line: string): void => void process.stderr.write(`${line}\n`) }
      : {}),
  });
  events += outcome.events;
  if (outcome.failure !== null || count === 1)
    process.stdout.write(`${JSON.stringify({ ...outcome, lines: 0 })}\n`);
}
process.stdout.write(`${events} events in ${Date.now() - began} ms\n`);
process.exit(0);
