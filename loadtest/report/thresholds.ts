/**
 * Rules that fail a run: `METRIC OPERATOR NUMBER`, and `money!=ok`. A rule says what must not be, as in `--fail-if p99>100`.
 * A rule about something that was not measured fails: silence is no success.
 */
import type { RunResult, ThresholdOutcome } from '../run-result.ts';
import {
  type Metric,
  METRICS,
  type MetricNeeds,
  type MetricUnit,
  findMetric,
  latencyNames,
} from './metrics.ts';

export interface Rule {
  /** As given. */
  readonly text: string;
  /** What there has to be for it to be judged; null: just a run. */
  readonly needs: MetricNeeds | null;
  readonly judge: (result: RunResult) => Omit<ThresholdOutcome, 'rule'>;
}

export type ParsedRule =
  | { readonly ok: true; readonly rule: Rule }
  | { readonly ok: false; readonly problem: string };

const OPERATORS: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  '>=': (value, limit) => value >= limit,
  '<=': (value, limit) => value <= limit,
  '==': (value, limit) => value === limit,
  '!=': (value, limit) => value !== limit,
  '>': (value, limit) => value > limit,
  '<': (value, limit) => value < limit,
};

/** What a number may carry, and what it is worth in the unit of the metric. */
const SUFFIXES: Readonly<Record<MetricUnit, Readonly<Record<string, number>>>> = {
  ms: { '': 1, ms: 1, s: 1_000 },
  bytes: { '': 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 },
  number: { '': 1 },
};

const RULE = /^\s*([A-Za-z][\w./ ]*?)\s*(>=|<=|==|!=|>|<)\s*(\S+(?: \S+)*)\s*$/;
const LIMIT = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/;

export function parseRule(text: string): ParsedRule {
  const [, name = '', operator = '', limitText = ''] = RULE.exec(text) ?? [];
  if (name === '') return problem(formProblem(text));
  if (name === 'money') return parseMoney(text, operator, limitText);
  const metric = findMetric(name);
  if (metric === undefined) return problem(`there is no metric ${JSON.stringify(name)}; ${knownMetrics()}`);
  const limit = parseLimit(limitText, metric);
  if (typeof limit === 'string') return problem(limit);
  const compare = OPERATORS[operator];
  if (compare === undefined) return problem(formProblem(text));
  return {
    ok: true,
    rule: {
      text,
      needs: metric.needs ?? null,
      judge(result) {
        const value = metric.read(result);
        return { value, failed: value === null || compare(value, limit) };
      },
    },
  };
}

export function judgeRules(rules: readonly Rule[], result: RunResult): ThresholdOutcome[] {
  return rules.map((rule) => ({ rule: rule.text, ...rule.judge(result) }));
}

/** The grammar, for --help. */
export function describeRules(): string {
  const width = Math.max(...METRICS.map(({ name }) => name.length));
  return [
    'A RULE says what must not be: METRIC OPERATOR NUMBER, with > >= < <= == !=. Quote it, or the shell',
    'takes > for a redirection. Times may end in ms or s (ms without), memory in KiB, MiB or GiB.',
    `  ${'money!=ok'.padEnd(width)}  sent, acknowledged, settled and receipts differ (fails a run even without a rule)`,
    `  ${'latency'.padEnd(width)}  ${latencyNames()}`,
    `  ${'errors.CODE'.padEnd(width)}  errors of one code: errors.RATE_LIMITED, provoked.BAD_WORD`,
    ...METRICS.map(({ name, meaning }) => `  ${name.padEnd(width)}  ${meaning}`),
  ].join('\n');
}

function parseMoney(text: string, operator: string, limit: string): ParsedRule {
  if (operator !== '!=' || limit !== 'ok') return problem('the rule about money is money!=ok');
  return {
    ok: true,
    rule: {
      text,
      needs: null,
      judge({ money }) {
        if (money === null) return { value: null, failed: true };
        return { value: money.ok ? 'ok' : 'differs', failed: !money.ok };
      },
    },
  };
}

/** The limit in the metric's unit, or what is wrong with it. */
function parseLimit(text: string, { name, unit }: Metric): number | string {
  const [, digits, suffix = ''] = LIMIT.exec(text) ?? [];
  if (digits === undefined) return `${JSON.stringify(text)} is no number to compare ${name} with`;
  const suffixes = SUFFIXES[unit];
  const factor = Object.hasOwn(suffixes, suffix) ? suffixes[suffix] : undefined;
  if (factor === undefined) {
    const known = Object.keys(suffixes).filter((one) => one !== '');
    return `${name} is compared with a plain number${known.length === 0 ? '' : `, or one in ${known.join(' or ')}`}, not with ${text}`;
  }
  return Number(digits) * factor;
}

function formProblem(text: string): string {
  if (findMetric(text.trim()) !== undefined || text.trim() === 'money') {
    return `the rule has no comparison: write it in quotes ('${text.trim()}>100'), or the shell takes > for a redirection`;
  }
  return `${JSON.stringify(text)} is no rule; one looks like 'p99>100', 'errors>0' or 'money!=ok'`;
}

function knownMetrics(): string {
  return `there are money, ${METRICS.map(({ name }) => name).join(', ')}, errors.CODE, provoked.CODE and ${latencyNames()}`;
}

function problem(text: string): ParsedRule {
  return { ok: false, problem: text };
}
