/** `npm run fuzz`: decoders in this process; API and sessions against an engine in a process of its own. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex } from '../../src/core/bytes.ts';
import { type Failure, findingOf, runDecoders } from './decoder-run.ts';
import { USAGE, readOptions } from './options.ts';
import { clientFrames, msgpack, serverFrames } from './targets/frames.ts';
import { merklePaths, transactionTarget } from './targets/chain.ts';
import { segments, snapshots } from './targets/saves.ts';
import { settledRounds } from './targets/settled-receipts.ts';
import { planTarget, receiptTarget, statementTarget } from './targets/settlement.ts';
import { commitments } from './targets/vouchers.ts';
import type { Target } from './target.ts';

async function decoders(): Promise<readonly Target[]> {
  const settled = await settledRounds();
  return [
    clientFrames,
    serverFrames,
    msgpack,
    commitments,
    receiptTarget(settled),
    snapshots,
    segments,
    statementTarget(settled),
    planTarget(settled),
    transactionTarget(settled),
    merklePaths,
  ];
}

/** A longer input is put into a file, so that the line that replays it can be read. */
const HEX_CHARS_MAX = 2_000;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function bytesOf(replay: string): Uint8Array {
  return replay.startsWith('@') ? new Uint8Array(readFileSync(replay.slice(1))) : fromHex(replay);
}

/** The line that runs the case again. */
function replayLine({ target, hex }: Failure): string {
  if (hex.length <= HEX_CHARS_MAX) return `npm run fuzz -- --target ${target} --replay ${hex}`;
  const file = join(mkdtempSync(join(tmpdir(), 'ringside-fuzz-')), `${target}.bin`);
  writeFileSync(file, fromHex(hex));
  return `npm run fuzz -- --target ${target} --replay @${file}`;
}

async function main(): Promise<number> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions(process.argv.slice(2), Date.now() >>> 0);
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  const all = await decoders();
  const wanted = all.filter(({ name }) => options.target === null || options.target === name);
  if (wanted.length === 0) {
    say(`there is no target ${options.target ?? ''}; there are ${all.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const [first] = wanted;
  if (options.replay !== null && first !== undefined) {
    const { outcome, finding } = findingOf(first, bytesOf(options.replay));
    say(finding ?? `${first.name}: ${outcome ?? 'no outcome'}`);
    return finding === undefined ? 0 : 1;
  }
  const run = runDecoders(wanted, options.seconds, options.seed);
  for (const failure of run.failures) {
    say(`${failure.target}, seed ${failure.seed}: ${failure.finding}\n  ${replayLine(failure)}`);
  }
  const report = { seconds: options.seconds, seed: options.seed, ...run };
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else for (const target of run.targets) say(JSON.stringify(target));
  return run.failures.length === 0 && run.memory.ok ? 0 : 1;
}

process.exitCode = await main();
