/**
 * Kinds of settings: how the text of a variable or flag becomes a value, and how to say what is allowed.
 * A kind never throws: text it does not take is `undefined`, and `config.ts` words the refusal.
 */

export interface Kind<T> {
  /** What is allowed, as the end of the sentence "allowed: ...". */
  readonly allowed: string;
  /** Undefined when the text is not allowed. */
  parse(text: string): T | undefined;
  /** The inverse of `parse`, for tables: what one would write to get this value. */
  format(value: T): string;
}

/** Decimal digits only: no signs, fractions, exponents or blanks. */
export function integer(min: number, max: number): Kind<number> {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    parse(text) {
      if (!/^\d{1,16}$/.test(text)) return undefined;
      const value = Number(text);
      return value >= min && value <= max ? value : undefined;
    },
    format: String,
  };
}

const SWITCH_WORDS: ReadonlyMap<string, boolean> = new Map([
  ['on', true],
  ['true', true],
  ['1', true],
  ['off', false],
  ['false', false],
  ['0', false],
]);

export const onOff: Kind<boolean> = {
  allowed: 'on or off (also true, false, 1, 0)',
  parse: (text) => SWITCH_WORDS.get(text.toLowerCase()),
  format: (value) => (value ? 'on' : 'off'),
};

export function choice<const T extends string>(words: readonly T[]): Kind<T> {
  return {
    allowed: words.length === 1 ? `only ${words.join()}` : `one of ${words.join(', ')}`,
    parse: (text) => words.find((word) => word === text),
    format: (value) => value,
  };
}

/** Text that has to match; `allowed` says in words what the pattern says. */
export function matching(allowed: string, pattern: RegExp): Kind<string> {
  return {
    allowed,
    parse: (value) => (pattern.test(value) ? value : undefined),
    format: (value) => value,
  };
}

/** Null when the variable is empty. */
export function optional<T>(kind: Kind<T>): Kind<T | null> {
  return {
    allowed: `empty, or ${kind.allowed}`,
    parse: (value) => (value === '' ? null : kind.parse(value)),
    format: (value) => (value === null ? '' : kind.format(value)),
  };
}

/** `scheme://host[:port]` as browsers send it; scheme and host in lower case, nothing behind. */
function isOrigin(value: string): boolean {
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) return false;
  return new URL(value).origin === value;
}

/** Web origins separated by commas, or `*` alone. */
export const origins: Kind<readonly string[]> = {
  allowed: 'empty, * or origins such as https://example.org separated by commas',
  parse(value) {
    if (value === '') return Object.freeze([]);
    const list = Object.freeze(value.split(',').map((one) => one.trim()));
    if (list.length === 1 && list[0] === '*') return list;
    return list.every(isOrigin) ? list : undefined;
  },
  format: (value) => value.join(','),
};

export const webSocketUrl: Kind<string> = {
  allowed: 'a URL that starts with ws:// or wss://, without user, query or fragment',
  parse(value) {
    if (!/^wss?:\/\//.test(value) || !URL.canParse(value)) return undefined;
    const url = new URL(value);
    return url.username + url.password + url.search + url.hash === '' ? value : undefined;
  },
  format: (value) => value,
};
