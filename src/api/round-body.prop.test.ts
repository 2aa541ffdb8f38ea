import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestApi, adminHeaders, createTestApi, roundBody } from './test-engine.ts';

let api: TestApi;
beforeEach(async () => {
  api = await createTestApi();
});
afterEach(() => api.app.close());

const post = (payload: object) =>
  api.app.inject({ method: 'POST', url: '/v1/rounds', headers: adminHeaders(), payload });

/** A value of every wrong kind for a field of each kind. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  text: [0, 1.5, true, null, [], {}, ['a'], '', 'x'.repeat(1_000), '\u0000'],
  integer: ['5', '', 1.5, -1, true, null, [], {}, [5], 1e300],
  list: ['[]', 1, true, null, {}, []],
  shares: ['[]', 1, true, null, {}, ['1'], [1.5], [-1], [null]],
  record: ['{}', 1, true, [], {}],
};

const full = {
  id: 'full',
  title: 'T',
  startsInSeconds: 1,
  lobbySeconds: 1,
  durationSeconds: 5,
  rateSatsPerSecond: 1,
  directBps: 4_000,
  prize: { rankBps: [10_000], supporterBps: [], platformBps: 0 },
  scoring: { satsWeight: 1, voteWeight: 1, clapWeight: 1 },
  overtime: { windowSeconds: 1, extendSeconds: 1, extensionsMax: 1 },
  closingSeconds: 1,
  payoutMinSats: 1,
  platformAccount: '33'.repeat(20),
};

const FIELDS: readonly (readonly [path: string, kind: string])[] = [
  ['id', 'text'],
  ['title', 'text'],
  ['participants', 'list'],
  ['participants[0]', 'record'],
  ['participants[0].id', 'text'],
  ['participants[0].name', 'text'],
  ['participants[0].account', 'text'],
  ['participants[0].address', 'text'],
  ['startsInSeconds', 'integer'],
  ['startsAtMs', 'integer'],
  ['lobbySeconds', 'integer'],
  ['durationSeconds', 'integer'],
  ['endHeight', 'integer'],
  ['rateSatsPerSecond', 'integer'],
  ['directBps', 'integer'],
  ['prize', 'record'],
  ['prize.rankBps', 'shares'],
  ['prize.supporterBps', 'shares'],
  ['prize.platformBps', 'integer'],
  ['scoring', 'record'],
  ['scoring.satsWeight', 'integer'],
  ['scoring.voteWeight', 'integer'],
  ['scoring.clapWeight', 'integer'],
  ['overtime', 'record'],
  ['overtime.windowSeconds', 'integer'],
  ['overtime.extendSeconds', 'integer'],
  ['overtime.extensionsMax', 'integer'],
  ['closingSeconds', 'integer'],
  ['payoutMinSats', 'integer'],
  ['platformAccount', 'text'],
];

function withValue(path: string, value: unknown): Record<string, unknown> {
  const body = structuredClone(roundBody(full));
  const steps = path.split(/\.|\[|\]/).filter((step) => step !== '');
  const last = steps.pop() ?? '';
  let at = body;
  for (const step of steps) at = at[step] as Record<string, unknown>;
  at[last] = value;
  return body;
}

describe('every field of a round, with every wrong kind of value', () => {
  it.each(FIELDS)('%s (%s) is refused by name', async (path, kind) => {
    for (const value of WRONG[kind] ?? []) {
      const response = await post(withValue(path, value));
      const note = `${path} = ${JSON.stringify(value)}: ${response.body}`;
      expect(response.statusCode, note).toBe(400);
      expect(response.json().error.code, note).toBe('VALIDATION_FAILED');
      const fields: string[] = response.json().error.details.map((detail: { field: string }) => detail.field);
      expect(
        fields.some((field) => field.startsWith(path)),
        note,
      ).toBe(true);
    }
    expect(api.engine.rounds.size).toBe(0);
  });

  it('is the whole list of fields', async () => {
    const { paths } = (await api.app.inject('/docs/json')).json();
    const { properties } = paths['/v1/rounds'].post.requestBody.content['application/json'].schema;
    const tops = new Set(FIELDS.map(([path]) => path.split(/[.[]/)[0]));
    expect(new Set(Object.keys(properties))).toEqual(tops);
  });

  it('never fails on whatever JSON comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue(),
        fc.constantFrom(...FIELDS.map(([path]) => path)),
        async (value, path) => {
          const response = await post(withValue(path, value));
          expect([201, 400, 409]).toContain(response.statusCode);
        },
      ),
      { numRuns: 300, interruptAfterTimeLimit: 4_000 },
    );
    expect(api.errors).toEqual([]);
  });
});
