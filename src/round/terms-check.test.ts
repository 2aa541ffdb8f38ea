import { describe, expect, it } from 'vitest';
import type { AccountId, RoundId } from '../core/ids.ts';
import { testTerms } from './test-driver.ts';
import type { RoundTerms } from './terms.ts';
import { checkTerms } from './terms-check.ts';

const good = testTerms();
const [first, second] = good.participants;
const ada = first ?? { id: '' as never, name: '', account: '' as AccountId };
const bob = second ?? ada;

const broken: readonly [field: string, changes: Partial<RoundTerms>][] = [
  ['roundId', { roundId: 'Battle 1' as RoundId }],
  ['network', { network: 'moon' as never }],
  ['title', { title: '' }],
  ['title', { title: 'x'.repeat(81) }],
  ['title', { title: 'half a character: \ud83d' }],
  ['participants', { participants: [ada] }],
  [
    'participants',
    { participants: Array.from({ length: 17 }, (_, no) => ({ ...ada, id: `p${no}` as never })) },
  ],
  ['participants[1].id', { participants: [ada, { ...bob, id: ada.id }] }],
  ['participants[1].id', { participants: [ada, { ...bob, id: 'Bob' as never }] }],
  ['participants[0].name', { participants: [{ ...ada, name: '' }, bob] }],
  ['participants[0].account', { participants: [{ ...ada, account: 'xy' as AccountId }, bob] }],
  ['lobbyAtMs', { lobbyAtMs: -1 }],
  ['startsAtMs', { startsAtMs: good.lobbyAtMs - 1 }],
  ['startsAtMs', { startsAtMs: good.startsAtMs + 0.5 }],
  ['end.atMs', { end: { kind: 'time', atMs: good.startsAtMs } }],
  ['end.atMs', { end: { kind: 'time', atMs: good.startsAtMs + 8 * 24 * 3_600_000 } }],
  ['end.height', { end: { kind: 'height', height: 0 } }],
  ['rateSatsPerSecond', { rateSatsPerSecond: 0 }],
  ['rateSatsPerSecond', { rateSatsPerSecond: 1_001 }],
  ['directBps', { directBps: 3_999 }],
  ['directBps', { directBps: 4_501 }],
  ['prize', { prize: { rankBps: [9_999], supporterBps: [], platformBps: 0 } }],
  ['prize.rankBps', { prize: { rankBps: [], supporterBps: [], platformBps: 10_000 } }],
  ['prize.rankBps[0]', { prize: { rankBps: [0, 5_000], supporterBps: [], platformBps: 5_000 } }],
  ['prize.rankBps[1]', { prize: { rankBps: [10_001, -1], supporterBps: [], platformBps: 0 } }],
  [
    'prize.supporterBps',
    { prize: { rankBps: [4_900], supporterBps: Array.from({ length: 51 }, () => 100), platformBps: 0 } },
  ],
  ['scoring', { scoring: { satsWeight: 0, voteWeight: 0, clapWeight: 0 } }],
  ['scoring.satsWeight', { scoring: { satsWeight: 1_001, voteWeight: 0, clapWeight: 0 } }],
  ['scoring.voteWeight', { scoring: { satsWeight: 1, voteWeight: 0.5, clapWeight: 0 } }],
  ['scoring.clapWeight', { scoring: { satsWeight: 1, voteWeight: 0, clapWeight: -1 } }],
  [
    'overtime',
    {
      end: { kind: 'height', height: 5 },
      overtime: { windowMs: 1_000, extendMs: 1_000, extensionsMax: 1 },
    },
  ],
  ['overtime.windowMs', { overtime: { windowMs: 0, extendMs: 1_000, extensionsMax: 1 } }],
  ['overtime.extendMs', { overtime: { windowMs: 1_000, extendMs: 1e9, extensionsMax: 1 } }],
  ['overtime.extensionsMax', { overtime: { windowMs: 1_000, extendMs: 1_000, extensionsMax: 0 } }],
  ['closingMs', { closingMs: 60_001 }],
  ['payoutMinSats', { payoutMinSats: 0 }],
  ['platformAccount', { platformAccount: 'platform' as AccountId }],
];

describe('terms', () => {
  it('are good with an end by time, by height and with overtime', () => {
    expect(checkTerms(good)).toEqual([]);
    expect(checkTerms(testTerms({ end: { kind: 'height', height: 7 } }))).toEqual([]);
    const overtime = { windowMs: 10_000, extendMs: 15_000, extensionsMax: 3 };
    expect(checkTerms(testTerms({ overtime }))).toEqual([]);
  });

  it.each(broken)('name the field %s when it breaks a rule', (field, changes) => {
    expect(checkTerms(testTerms(changes)).map((problem) => problem.field)).toContain(field);
  });
});
