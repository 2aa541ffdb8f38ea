/** Texts of the command line as values; what is wrong is said in one line. */
import { InvalidArgumentError } from 'commander';
import { type Rule, parseRule } from '../report/thresholds.ts';

/** A number, decimals allowed. */
export function decimal(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(`It has to be a number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** `0.1` or `10%`. */
export function share(text: string): number {
  const [, digits, percent] = /^(\d{1,3}(?:\.\d{1,6})?)(%?)$/.exec(text) ?? [];
  const value = Number(digits ?? Number.NaN) / (percent === '%' ? 100 : 1);
  if (!(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError('It has to be a share: 0 to 100 with %, as in 10%, or 0 to 1, as in 0.1.');
  }
  return value;
}

/** One more rule. */
export function ruleArgument(text: string, before: readonly Rule[] | undefined): readonly Rule[] {
  const parsed = parseRule(text);
  if (!parsed.ok) throw new InvalidArgumentError(`${parsed.problem}.`);
  return [...(before ?? []), parsed.rule];
}

/** Flags of a process, as one text. */
export function flagsArgument(text: string, before: readonly string[] | undefined): readonly string[] {
  const flags = text.split(/\s+/).filter((flag) => flag !== '');
  if (!text.trimStart().startsWith('-')) throw new InvalidArgumentError('Flags begin with -.');
  return [...(before ?? []), ...flags];
}
