import { expect, it } from 'vitest';
import { ApiError } from './api-error.ts';
import { IdempotentAnswers, fingerprintOf } from './idempotency.ts';
import { HandClock } from './test-engine.ts';

function setUp(entriesMax = 3) {
  const clock = new HandClock();
  const answers = new IdempotentAnswers({ clock, entriesMax, ttlMs: 1_000 });
  let runs = 0;
  const run = (key: string, fingerprint = 'f') => answers.run({ key, fingerprint }, async () => ++runs);
  return { clock, answers, run, runs: () => runs };
}

it('runs once per key within its time, and again after', async () => {
  const { clock, run } = setUp();
  expect(await run('a')).toEqual({ answer: 1, replayed: false });
  clock.ms += 999;
  expect(await run('a')).toEqual({ answer: 1, replayed: true });
  clock.ms += 1;
  expect(await run('a')).toEqual({ answer: 2, replayed: false });
});

it('never keeps more than its bound, and forgets the least recently used first', async () => {
  const { answers, run } = setUp(3);
  for (const key of ['a', 'b', 'c', 'a', 'd']) await run(key);
  expect(answers.size).toBe(3);
  expect((await run('a')).replayed).toBe(true);
  expect((await run('b')).replayed).toBe(false);
});

it('refuses another request, and keeps the first answer', async () => {
  const { run } = setUp();
  await run('a', 'f');
  await expect(run('a', 'g')).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  expect(await run('a', 'f')).toEqual({ answer: 1, replayed: true });
});

it('keeps a final refusal, but neither a fault nor what may be retried', async () => {
  const { answers } = setUp();
  const attempts = async (error: Error): Promise<number> => {
    let count = 0;
    for (let i = 0; i < 2; i++) {
      const attempt = answers.run({ key: error.message, fingerprint: 'f' }, async () => {
        count++;
        throw error;
      });
      await expect(attempt).rejects.toBe(error);
    }
    return count;
  };
  expect(await attempts(new ApiError('ROUND_NOT_FOUND'))).toBe(1);
  expect(await attempts(new ApiError('UNAVAILABLE'))).toBe(2);
  expect(await attempts(new Error('bug'))).toBe(2);
});

it('tells requests apart by method, address and content, not by the order of fields', () => {
  const one = fingerprintOf('POST', '/a', { x: 1, y: { b: [1, 2], a: null } });
  expect(fingerprintOf('POST', '/a', { y: { a: null, b: [1, 2] }, x: 1 })).toBe(one);
  expect(fingerprintOf('POST', '/b', { x: 1, y: { b: [1, 2], a: null } })).not.toBe(one);
  expect(fingerprintOf('POST', '/a', { x: 1, y: { b: [2, 1], a: null } })).not.toBe(one);
  expect(fingerprintOf('POST', '/a', undefined)).not.toBe(fingerprintOf('POST', '/a', {}));
});
