/**
 * `npm run crash -- --kills 100 [--seed N] [--json] [--canaries] [--evidence FILE]`: kills an engine under paying load
 * and has an independent checker count. docs/TESTING.md says what that proves. Ends with 0 only if nothing was lost,
 * created, charged twice or acknowledged in vain.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { check } from './checker/check.ts';
import { type Report, isClean, reportOf } from './report.ts';
import { run } from './run.ts';

const FINDINGS_SHOWN = 40;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
    evidence: { type: 'string' },
  },
});
const kills = Number(values.kills);
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
if (!Number.isInteger(kills) || kills < 0 || !Number.isInteger(seed)) {
  process.stderr.write('--kills and --seed are whole numbers\n');
  process.exit(2);
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
say(`seed ${seed}; the same plan again: npm run crash -- --kills ${kills} --seed ${seed}`);
const result = await run({ kills, seed, say });
if (values.evidence !== undefined) writeFileSync(values.evidence, JSON.stringify(result.evidence));
const findings = check(result.evidence);
const report = reportOf(result, findings, seed);
for (const { kind, sats, what } of findings.list.slice(0, FINDINGS_SHOWN)) say(`${kind} ${sats}: ${what}`);
for (const problem of report.problems) say(`problem: ${problem}`);
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : describe(report));
process.exitCode = isClean(report) ? 0 : 1;

function describe(shown: Report): string {
  const lines = Object.entries(shown).map(
    ([name, value]) =>
      `${name.padEnd(18)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return `${lines.join('\n')}\n`;
}
