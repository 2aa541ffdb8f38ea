/** How the page writes numbers and times. */

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

/** 25300 -> "25,300" */
export function formatCount(value: number): string {
  return whole.format(Math.floor(value));
}

/** For narrow places: exact below 10,000, then "25.3K". */
export function formatShort(value: number): string {
  return value < 10_000 ? whole.format(Math.floor(value)) : compact.format(value);
}

export function formatSats(value: number): string {
  return `${formatCount(value)} ${Math.floor(value) === 1 ? 'sat' : 'sats'}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** "0:07", "12:30", "1:02:03"; rounds up, so that 0:00 means over. */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${two(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** "now", "8 s ago", "3 min ago" */
export function formatAgo(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 3) return 'now';
  return seconds < 60 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`;
}

/** One or two letters for a participant's disc. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters
    .map((word) => String.fromCodePoint(word?.codePointAt(0) ?? 0x3f))
    .join('')
    .toUpperCase();
}

const ORDINALS = new Intl.PluralRules('en-US', { type: 'ordinal' });
const SUFFIXES: Readonly<Record<string, string>> = { one: 'st', two: 'nd', few: 'rd' };

/** 1 -> "1st" */
export function formatRank(rank: number): string {
  return `${rank}${SUFFIXES[ORDINALS.select(rank)] ?? 'th'}`;
}
