/**
 * The engine's settings (table: `settings.ts`), read once at start, frozen, and passed on as plain values.
 * This is the only file that touches `process.env`.
 *
 * A setting `apiPort` is the variable `RINGSIDE_API_PORT` and the flag `--api-port`; a flag beats a variable, a
 * variable the default. Anything wrong (a value, an unknown name, two settings that do not fit together) is
 * refused with all that is wrong named at once.
 */
import type { Kind } from './config-kinds.ts';
import { type Config, SETTINGS } from './settings.ts';

type Key = keyof Config;

/** A variable environment, as `process.env` is. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings that were refused; the message names every one of them, a line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const KEYS = Object.keys(SETTINGS) as Key[];
const PREFIX = 'RINGSIDE_';
const kebab = (key: Key): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const variableOf = (key: Key): string => PREFIX + kebab(key).replaceAll('-', '_').toUpperCase();
const flagOf = (key: Key): string => `--${kebab(key)}`;
const anyKind = (key: Key): Kind<unknown> => SETTINGS[key].kind;

const BY_VARIABLE = new Map(KEYS.map((key) => [variableOf(key), key]));
const BY_FLAG = new Map<string, Key>([
  ...KEYS.map((key) => [flagOf(key), key] as const),
  ['--port', 'apiPort'],
]);

export interface SettingRow {
  readonly variable: string;
  readonly flag: string;
  readonly default: string;
  readonly unit: string;
  readonly meaning: string;
  readonly allowed: string;
}

/** The table, for `--help` and docs, in order. */
export function describeSettings(): readonly SettingRow[] {
  return KEYS.map((key) => {
    const { unit, meaning } = SETTINGS[key];
    const kind = anyKind(key);
    return {
      variable: variableOf(key),
      flag: flagOf(key),
      default: kind.format(SETTINGS[key].default),
      unit,
      meaning,
      allowed: kind.allowed,
    };
  });
}

/** The real environment. */
export function processEnvironment(): Environment {
  return process.env;
}

/** True when the arguments ask for help, wherever. */
export function wantsHelp(argv: readonly string[]): boolean {
  return argv.some((word) => word === '--help' || word === '-h');
}

/**
 * Settings from variables and flags (`argv` without the program). `overrides` beat both and are for programs
 * that start an engine of their own; they are checked like the rest.
 * @throws {ConfigError} naming everything that is wrong.
 */
export function loadConfig(
  env: Environment,
  argv: readonly string[] = [],
  overrides: Partial<Config> = {},
): Config {
  const problems: string[] = [];
  const values: Partial<Record<Key, unknown>> = {};
  for (const key of KEYS) values[key] = SETTINGS[key].default;

  const take = (name: string, key: Key, given: string): void => {
    const value = anyKind(key).parse(given);
    if (value !== undefined) values[key] = value;
    else problems.push(`${name}: ${quote(key, given)} is not allowed; allowed: ${anyKind(key).allowed}`);
  };

  for (const [name, given] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || given === undefined) continue;
    const key = BY_VARIABLE.get(name);
    if (key !== undefined) take(name, key, given);
    else
      problems.push(`${name}: ${JSON.stringify(given)} was given, but ${unknown(name, BY_VARIABLE.keys())}`);
  }
  for (const { flag, key, given } of readFlags(argv, problems)) take(flag, key, given);
  for (const key of KEYS) {
    const value = overrides[key];
    if (value !== undefined) take(key, key, anyKind(key).format(value));
  }

  const config = values as Config;
  if (problems.length === 0) checkRelations(config, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

/** Flags as text: `--flag value`, `--flag=value`, and `--demo` / `--no-demo` for switches. */
function readFlags(
  argv: readonly string[],
  problems: string[],
): { readonly flag: string; readonly key: Key; readonly given: string }[] {
  const found: { flag: string; key: Key; given: string }[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    const equals = word.indexOf('=');
    const flag = equals < 0 ? word : word.slice(0, equals);
    const negated = flag.startsWith('--no-') ? BY_FLAG.get(`--${flag.slice(5)}`) : undefined;
    const key = BY_FLAG.get(flag);
    if (negated !== undefined && typeof SETTINGS[negated].default === 'boolean' && equals < 0) {
      found.push({ flag, key: negated, given: 'off' });
    } else if (key === undefined) {
      problems.push(`${JSON.stringify(word)}: ${unknown(flag, BY_FLAG.keys())}`);
    } else if (equals >= 0) {
      found.push({ flag, key, given: word.slice(equals + 1) });
    } else if (typeof SETTINGS[key].default === 'boolean' && (argv[at + 1] ?? '--').startsWith('--')) {
      found.push({ flag, key, given: 'on' });
    } else {
      const given = argv[++at];
      if (given === undefined) problems.push(`${flag}: needs a value; allowed: ${anyKind(key).allowed}`);
      else found.push({ flag, key, given });
    }
  }
  return found;
}

/** What has to hold between settings. */
function checkRelations(config: Config, problems: string[]): void {
  const relation = (holds: boolean, left: Key, sentence: string, right: Key): void => {
    if (holds) return;
    const say = (key: Key): string => `${variableOf(key)} (${anyKind(key).format(config[key])})`;
    problems.push(`${say(left)} ${sentence} ${say(right)}`);
  };
  const { apiPort, edgePort, maxFrameBytes, maxConnectionsPerAddress } = config;
  relation(apiPort === 0 || apiPort !== edgePort, 'apiPort', 'has to differ from', 'edgePort');
  relation(config.authTimeoutMs < config.idleTimeoutMs, 'authTimeoutMs', 'has to be below', 'idleTimeoutMs');
  relation(config.ackIntervalMs < config.idleTimeoutMs, 'ackIntervalMs', 'has to be below', 'idleTimeoutMs');
  relation(
    maxFrameBytes < config.maxBackpressureBytes,
    'maxFrameBytes',
    'has to be below',
    'maxBackpressureBytes',
  );
  relation(
    maxConnectionsPerAddress <= config.maxConnections,
    'maxConnectionsPerAddress',
    'may not be above',
    'maxConnections',
  );
  relation(
    config.store !== 'aerospike' || config.aerospikeCommandTimeoutMs < config.aerospikeStalledMs,
    'aerospikeCommandTimeoutMs',
    'has to be below',
    'aerospikeStalledMs',
  );
  relation(
    !config.demo || config.demoViewers <= maxConnectionsPerAddress,
    'demoViewers',
    'all come from this machine and may not be above',
    'maxConnectionsPerAddress',
  );
}

/** A secret is not repeated into a log. */
function quote(key: Key, given: string): string {
  return key === 'adminToken' ? `a value of ${given.length} characters` : JSON.stringify(given);
}

function unknown(name: string, known: Iterable<string>): string {
  let nearest = '';
  let distance = 4; // further away is no typing error
  for (const candidate of known) {
    const apart = editDistance(name, candidate);
    if (apart < distance) [nearest, distance] = [candidate, apart];
  }
  const hint = nearest === '' ? '' : `; did you mean ${nearest}?`;
  return `there is no such setting${hint} (docs/SETTINGS.md lists all that are allowed)`;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
