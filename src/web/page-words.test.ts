import { describe, expect, it } from 'vitest';
import type { AccountId, RoundId } from '../core/ids.ts';
import type { RoundSummary } from '../ports/engine.ts';
import type { Phase } from '../round/terms.ts';
import { formatAgo, formatClock, formatRank, formatSats, formatShort, initialsOf } from './format.ts';
import { friendlyName } from './friendly-name.ts';
import { nextOf } from './round-choice.ts';

describe('numbers and times', () => {
  it('read as a person writes them', () => {
    expect([0, 999, 1_001, 60_000, 3_723_000].map(formatClock)).toEqual([
      '0:00',
      '0:01',
      '0:02',
      '1:00',
      '1:02:03',
    ]);
    expect([formatSats(1), formatSats(25_300), formatShort(25_300)]).toEqual([
      '1 sat',
      '25,300 sats',
      '25.3K',
    ]);
    expect([1, 2, 3, 4, 11, 21].map(formatRank)).toEqual(['1st', '2nd', '3rd', '4th', '11th', '21st']);
    expect([500, 9_000, 130_000].map(formatAgo)).toEqual(['now', '9 s ago', '2 min ago']);
    expect(['Mara Volt', 'zoë', 'Nadia de la Cruz'].map(initialsOf)).toEqual(['MV', 'Z', 'NC']);
  });

  it('give an account the same name on every visit', () => {
    const account = '00ff'.padEnd(40, '0') as AccountId;
    expect(friendlyName(account)).toBe('Amber Wren');
    expect(friendlyName(account)).toBe(friendlyName(account));
  });
});

function round(roundId: string, phase: Phase): RoundSummary {
  return { terms: { roundId, title: roundId }, phase } as RoundSummary;
}

describe('the next battle', () => {
  const shown = { roundId: 'old' as RoundId, overSinceMs: 1_000, manual: false };

  it('is a live one before one whose doors are open, and the newest of equals', () => {
    const rounds = [round('c', 'lobby'), round('b', 'live'), round('a', 'live'), round('old', 'settled')];
    expect(nextOf(rounds, shown)).toEqual({ roundId: 'b', title: 'b', atMs: 21_000 });
  });

  it('is nobody when none is on, and waits to be asked for when the person stays', () => {
    expect(nextOf([round('old', 'live'), round('x', 'settled')], shown)).toBeNull();
    expect(nextOf([round('c', 'lobby')], { ...shown, manual: true })?.atMs).toBeNull();
  });
});
