/** What a run says at its end, for a terminal: lines without a newline, made of the result alone. */
import { table } from '../../src/cli/terminal.ts';
import type { MoneyProof, RunResult } from '../run-result.ts';
import { formatCount } from './format.ts';
import type { Paint } from './paint.ts';
import {
  GC_HEAD,
  GC_UNKNOWN,
  LATENCY_HEAD,
  LATENCY_MEANING,
  codeRows,
  gcRows,
  isRoundProven,
  latencyRows,
  loadText,
  machineRows,
  moneyEquation,
  roundNote,
  thresholdValue,
  trafficRows,
} from './rows.ts';
import { VERDICT_TEXT, verdictOf } from './verdict.ts';

const INDENT = '  ';
/** Rounds that are right are listed up to this many; those that are not, always. */
const ROUNDS_SHOWN = 12;

export function summaryLines(result: RunResult, paint: Paint): string[] {
  const sections = [
    head(result, paint),
    latency(result, paint),
    [...named(trafficRows(result), paint), ...named(machineRows(result), paint)],
    collections(result, paint),
    errors(result, paint),
    money(result, paint),
    thresholds(result, paint),
    invalid(result, paint),
    [verdict(result, paint)],
  ];
  return sections.filter((lines) => lines.length > 0).flatMap((lines) => ['', ...lines]);
}

function head(result: RunResult, paint: Paint): string[] {
  const { commit, machine, startedAt } = result;
  return [
    `${INDENT}${paint('strong', `Ringside load test${loadText(result)}`)}`,
    paint(
      'quiet',
      `${INDENT}${startedAt} · ${commit.slice(0, 12)} · ${machine.cpu}, ${machine.cores} cores · Node ${machine.node}`,
    ),
  ];
}

function latency(result: RunResult, paint: Paint): string[] {
  const rows = latencyRows(result);
  if (rows.length === 0) return [`${INDENT}${paint('warn', 'no latency was measured')}`];
  return numbers({
    title: 'latency, ms',
    head: LATENCY_HEAD,
    strong: 'p99',
    rows: rows.map(({ kind, cells }) => ({ label: `${kind.padEnd(8)} ${LATENCY_MEANING[kind]}`, cells })),
    paint,
  });
}

function collections(result: RunResult, paint: Paint): string[] {
  const rows = gcRows(result);
  if (rows === null) return named([['gc', GC_UNKNOWN]], paint);
  if (rows.length === 0) return named([['gc', 'no pause']], paint);
  return numbers({
    title: 'gc pauses, ms',
    head: GC_HEAD,
    strong: 'longest',
    rows: rows.map(({ thread, cells }) => ({ label: thread, cells })),
    paint,
  });
}

/** A table: what it is, and numbers with one column that people look for. */
function numbers<Column extends string>({
  title,
  head: columns,
  strong,
  rows,
  paint,
}: {
  readonly title: string;
  readonly head: readonly Column[];
  readonly strong: Column;
  readonly rows: readonly { readonly label: string; readonly cells: readonly string[] }[];
  readonly paint: Paint;
}): string[] {
  const texts = [{ label: title, cells: columns as readonly string[] }, ...rows];
  const labelWidth = Math.max(...texts.map(({ label }) => label.length));
  const widths = columns.map((_, at) => Math.max(...texts.map(({ cells }) => cells[at]?.length ?? 0)));
  return texts.map(({ label, cells }, row) => {
    const padded = cells.map((cell, at) => cell.padStart(widths[at] ?? 0));
    if (row === 0) return paint('quiet', `${INDENT}${label.padEnd(labelWidth)}  ${padded.join('  ')}`);
    const shown = padded.map((text, at) => (columns[at] === strong ? paint('strong', text) : text));
    return `${INDENT}${label.padEnd(labelWidth)}  ${shown.join('  ')}`;
  });
}

function named(rows: readonly (readonly [string, string])[], paint: Paint): string[] {
  return rows.map(([name, text]) => `${INDENT}${paint('quiet', name.padEnd(12))} ${text}`);
}

function errors({ totals }: RunResult, paint: Paint): string[] {
  const own = codeRows(totals.errors);
  const provoked = codeRows(totals.provoked);
  const inRow = (rows: typeof own): string => rows.map(([code, count]) => `${code} × ${count}`).join(', ');
  return [
    ...named([['errors', own.length === 0 ? paint('good', 'none') : paint('bad', inRow(own))]], paint),
    ...(provoked.length === 0
      ? []
      : named([['provoked', `${inRow(provoked)} (by misbehaving viewers)`]], paint)),
  ];
}

function money({ money: proof }: RunResult, paint: Paint): string[] {
  if (proof === null) return named([['money', paint('bad', 'not proven')]], paint);
  const word = proof.ok ? paint('good', 'ok, to the sat') : paint('bad', 'DIFFERS');
  const wrong = proof.rounds.filter((round) => !isRoundProven(round));
  const right = proof.rounds.filter(isRoundProven).slice(0, Math.max(0, ROUNDS_SHOWN - wrong.length));
  const hidden = proof.rounds.length - wrong.length - right.length;
  return [
    ...named([['money', word]], paint),
    ...[...wrong, ...right].flatMap((round) => roundLines(round, paint)),
    ...(hidden === 0 ? [] : [`${INDENT}${INDENT}and ${formatCount(hidden)} more rounds, each ok`]),
  ];
}

function roundLines(round: MoneyProof['rounds'][number], paint: Paint): string[] {
  const { roundId, receipt, differences } = round;
  const equation = moneyEquation(round);
  return [
    `${INDENT}${INDENT}${roundId}  ${isRoundProven(round) ? equation : paint('bad', equation)}`,
    `${INDENT}${INDENT}${' '.repeat(roundId.length)}  ${paint(receipt === 'ok' ? 'quiet' : 'bad', roundNote(round))}`,
    ...differences.map((difference) => `${INDENT}${INDENT}${INDENT}${paint('bad', difference)}`),
  ];
}

function thresholds({ thresholds: outcomes }: RunResult, paint: Paint): string[] {
  if (outcomes.length === 0) return [];
  const rows = table(outcomes.map((one) => [one.failed ? 'FAILED' : 'ok', one.rule, thresholdValue(one)]));
  return [
    `${INDENT}${paint('quiet', 'fail if')}`,
    ...rows
      .split('\n')
      .map((row, at) => `${INDENT}${INDENT}${paint(outcomes[at]?.failed === true ? 'bad' : 'good', row)}`),
  ];
}

function invalid({ invalid: reasons }: RunResult, paint: Paint): string[] {
  if (reasons.length === 0) return [];
  const title = 'INVALID: do not use these figures';
  const width = Math.max(title.length, ...reasons.map((reason) => reason.length + 2)) + 2;
  const band = (text: string): string => `${INDENT}${paint('alarm', ` ${text}`.padEnd(width))}`;
  return [band(title), ...reasons.map((reason) => band(`- ${reason}`))];
}

function verdict(result: RunResult, paint: Paint): string {
  const word = verdictOf(result);
  return `${INDENT}${paint(word === 'passed' ? 'good' : 'bad', VERDICT_TEXT[word])}`;
}
