/** What a run found, as data (`--json`) and in words. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex } from '../../src/core/bytes.ts';
import type { DecoderRun, Failure, TargetReport } from './decoder-run.ts';
import type { LiveFailure } from './live/attack.ts';
import type { HonestReport } from './live/honest.ts';
import type { LiveRun } from './live/live-run.ts';
import type { MemoryReport } from './memory.ts';

/** A longer input is put into a file, so that the line that replays it can be read. */
const HEX_CHARS_MAX = 1_000;
const TRANSCRIPT_LINES = 12;

export interface ReportedFailure {
  readonly target: string;
  readonly seed: number;
  readonly finding: string;
  readonly replay: string;
  readonly hex?: string;
  readonly transcript?: readonly string[];
}

export interface FuzzReport {
  readonly seconds: number;
  readonly seed: number;
  readonly targets: readonly TargetReport[];
  readonly honest: HonestReport | null;
  readonly memory: { readonly decoders: MemoryReport | null; readonly engine: MemoryReport | null };
  readonly failures: readonly ReportedFailure[];
}

export function reportOf(
  run: { readonly seconds: number; readonly seed: number },
  decoders: DecoderRun | null,
  live: LiveRun | null,
): FuzzReport {
  const { seconds, seed } = run;
  const failures = [
    ...(decoders?.failures ?? []).map(decoderFailure),
    ...(live?.attack.failures ?? []).map(liveFailure),
    ...(live?.troubles ?? []).map((finding) => whole('engine', seed, finding)),
    ...(live?.honest.failures ?? []).map((finding) => whole('honest', seed, finding)),
    ...grown('decoders', seed, decoders?.memory),
    ...grown('engine', seed, live?.engineMemory),
  ];
  const liveTargets = (live?.attack.targets ?? []).map((target) => ({
    ...target,
    casesPerSecond: Math.round(target.cases / Math.max(1, live?.attackSeconds ?? 1)),
  }));
  return {
    seconds,
    seed,
    targets: [...(decoders?.targets ?? []), ...liveTargets],
    honest: live?.honest ?? null,
    memory: { decoders: decoders?.memory ?? null, engine: live?.engineMemory ?? null },
    failures,
  };
}

function decoderFailure({ target, seed, finding, hex }: Failure): ReportedFailure {
  const replay = (input: string): string => `npm run fuzz -- --target ${target} --replay ${input}`;
  if (hex.length <= HEX_CHARS_MAX) return { target, seed, finding, replay: replay(hex), hex };
  const file = join(mkdtempSync(join(tmpdir(), 'ringside-fuzz-')), `${target}.bin`);
  writeFileSync(file, fromHex(hex));
  return { target, seed, finding, replay: replay(`@${file}`), hex };
}

function liveFailure({ target, seed, finding, transcript }: LiveFailure): ReportedFailure {
  const replay = `npm run fuzz -- --target ${target} --replay ${seed}`;
  return { target, seed, finding, replay, transcript: transcript.slice(-TRANSCRIPT_LINES) };
}

/** What no single case stands for. */
function whole(target: string, seed: number, finding: string): ReportedFailure {
  return { target, seed, finding, replay: `npm run fuzz -- --seed ${seed}` };
}

function grown(name: string, seed: number, memory: MemoryReport | undefined): ReportedFailure[] {
  if (memory === undefined || memory.ok) return [];
  const { heapGrowthMiB, rssGrowthMiB } = memory;
  return [whole('memory', seed, `${name} grew by ${heapGrowthMiB} MiB of heap, ${rssGrowthMiB} MiB in all`)];
}

export function inWords({ targets, honest, memory, failures }: FuzzReport): string {
  const lines = targets.map(
    ({ name, cases, casesPerSecond, accepted, refused, failures: failed }) =>
      `${name.padEnd(14)} ${cases} cases, ${casesPerSecond}/s, ${accepted} accepted, ${refused} refused, ${failed} failed`,
  );
  if (honest !== null) {
    const { ticksSent, ticksAccepted, giftsSent, giftsAccepted, latencyMs } = honest;
    lines.push(
      `honest viewers: ${ticksAccepted} of ${ticksSent} ticks and ${giftsAccepted} of ${giftsSent} gifts acknowledged;`,
      `  gift to screen p99 ${latencyMs.quiet.p99} ms in quiet, ${latencyMs.attacked.p99} ms under attack (bound ${latencyMs.boundP99})`,
    );
  }
  for (const [name, grew] of Object.entries(memory)) {
    if (grew === null) continue;
    lines.push(
      `memory of ${name}: ${grew.rssFirstMiB} to ${grew.rssLastMiB} MiB, heap ${grew.heapGrowthMiB} MiB more`,
    );
  }
  for (const { target, seed, finding, replay, transcript = [] } of failures) {
    lines.push(
      '',
      `FAILED ${target}, seed ${seed}: ${finding}`,
      ...transcript.map((line) => `    ${line}`),
      `  ${replay}`,
    );
  }
  return lines.join('\n');
}
