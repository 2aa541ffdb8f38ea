/**
 * `npm run fuzz`: decoders in this process, then API and sessions against an engine in a process of its own with
 * honest viewers beside the attackers. Exit code 1: something was found; 2: the command line is not understood.
 */
import { readFileSync } from 'node:fs';
import { fromHex } from '../../src/core/bytes.ts';
import { runCanaries } from './canaries.ts';
import { findingOf, runDecoders } from './decoder-run.ts';
import type { LiveTarget } from './live/attack.ts';
import { replayLive, runLive } from './live/live-run.ts';
import { type FuzzOptions, USAGE, readOptions } from './options.ts';
import { inWords, reportOf } from './report.ts';
import type { Target } from './target.ts';
import { decoderTargets } from './targets/all.ts';

const LIVE: readonly LiveTarget[] = ['sessions', 'api'];
/** Of the time, when both run; starting and stopping the engine comes on top. */
const LIVE_SHARE = 0.5;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function main(): Promise<number> {
  let options: FuzzOptions | 'help';
  try {
    options = readOptions(process.argv.slice(2), Date.now() >>> 0);
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options.canaries) return canaries(options);
  const all = await decoderTargets();
  const isWanted = ({ name }: { readonly name: string }): boolean =>
    options.target === null || options.target === name;
  const decoders = all.filter(isWanted);
  const live = LIVE.filter((name) => isWanted({ name }));
  if (decoders.length + live.length === 0) {
    const names = [...all.map(({ name }) => name), ...LIVE].join(', ');
    say(`there is no target ${options.target ?? ''}; there are ${names}`);
    return 2;
  }
  if (options.replay !== null) return replay(options.replay, decoders[0], live[0]);
  return fuzz(options, decoders, live);
}

async function fuzz(
  options: FuzzOptions,
  decoders: readonly Target[],
  live: readonly LiveTarget[],
): Promise<number> {
  const { seconds, seed } = options;
  const liveSeconds = decoders.length === 0 ? seconds : live.length === 0 ? 0 : seconds * LIVE_SHARE;
  const decoded = decoders.length === 0 ? null : runDecoders(decoders, seconds - liveSeconds, seed);
  const lived = live.length === 0 ? null : await runLive(live, liveSeconds, seed);
  const report = reportOf(options, decoded, lived);
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else say(inWords(report));
  return report.failures.length === 0 ? 0 : 1;
}

async function replay(
  input: string,
  decoder: Target | undefined,
  live: LiveTarget | undefined,
): Promise<number> {
  if (decoder !== undefined) {
    const bytes = bytesOf(input);
    if (typeof bytes === 'string') {
      say(bytes);
      return 2;
    }
    const { outcome, finding } = findingOf(decoder, bytes);
    say(`${decoder.name}: ${finding ?? outcome ?? ''}`);
    return finding === undefined ? 0 : 1;
  }
  if (live === undefined) return 2;
  if (!/^\d{1,10}$/.test(input)) {
    say(`--replay of ${live} takes the seed of a case, a whole number`);
    return 2;
  }
  const { failures } = await replayLive(live, Number(input));
  for (const { finding, transcript } of failures) say([...transcript, finding].join('\n'));
  if (failures.length === 0) say(`${live}: nothing was found this time`);
  return failures.length === 0 ? 0 : 1;
}

/** The input of a case; in place of it, why there is none. */
function bytesOf(input: string): Uint8Array | string {
  if (!input.startsWith('@')) {
    return /^([0-9a-f]{2})*$/.test(input)
      ? fromHex(input)
      : '--replay takes bytes as lower-case hex, or @FILE';
  }
  try {
    return new Uint8Array(readFileSync(input.slice(1)));
  } catch (error) {
    return `cannot read ${input.slice(1)}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function canaries({ json, seed }: FuzzOptions): number {
  const caught = runCanaries(seed);
  const planted = caught.length;
  const missed = caught.filter(({ by }) => by === null);
  if (json) {
    const summary = { canariesPlanted: planted, canariesCaught: planted - missed.length, canaries: caught };
    process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  } else {
    for (const { name, by } of caught) say(`${by === null ? 'MISSED' : 'caught'} ${name}: ${by ?? ''}`);
  }
  return missed.length === 0 ? 0 : 1;
}

process.exitCode = await main();
