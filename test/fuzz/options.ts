/** The command line of the fuzzer. */
import { parseArgs } from 'node:util';

export interface FuzzOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Null: all. */
  readonly target: string | null;
  readonly json: boolean;
  readonly canaries: boolean;
  /** Hex, `@FILE` with the bytes, or for the live targets a seed. */
  readonly replay: string | null;
}

export const USAGE = `npm run fuzz -- [--seconds 60] [--seed N] [--target NAME] [--json]
npm run fuzz -- --target NAME --replay HEX|@FILE|SEED   one case again
npm run fuzz -- --canaries                              plants faults and shows that each is caught
npm run fuzz -- --help
`;

const SECONDS_MAX = 86_400;

/**
 * 'help' when that is asked for.
 * @throws {TypeError} for what is not understood.
 */
export function readOptions(argv: readonly string[], freshSeed: number): FuzzOptions | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(freshSeed) },
      target: { type: 'string' },
      json: { type: 'boolean', default: false },
      canaries: { type: 'boolean', default: false },
      replay: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { target = null, replay = null, json, canaries } = values;
  if (replay !== null && target === null) throw new TypeError('--replay needs --target');
  const seconds = number('--seconds', values.seconds, SECONDS_MAX);
  return { seconds, seed: number('--seed', values.seed, 0xffff_ffff), target, json, canaries, replay };
}

function number(flag: string, text: string, max: number): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0 || value > max) {
    throw new TypeError(`${flag} takes a number from 0 to ${max}`);
  }
  return value;
}
