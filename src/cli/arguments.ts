/** Texts of the command line as values; what is wrong is said in one line (exit code 2). */
import { InvalidArgumentError } from 'commander';
import { type RoundId, isRoundId } from '../core/ids.ts';

/** For `argParser`: a whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : -1;
    if (value < min || value > max) {
      throw new InvalidArgumentError(`It has to be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

export function roundIdArgument(text: string): RoundId {
  if (!isRoundId(text)) {
    throw new InvalidArgumentError('An id of a round has 1 to 48 characters of a-z 0-9 -.');
  }
  return text;
}

/** The origin of an API: `http://host:port`. */
export function urlArgument(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError('It has to begin with http:// or https://.');
  }
  return new URL(text).origin;
}
