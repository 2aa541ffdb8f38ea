import { expect, test } from 'vitest';
import { EngineError } from '../core/errors.ts';
import { systemClock } from '../platform/clock.ts';
import type { Clock } from '../ports/clock.ts';
import { untilAnswered } from './store-retry.ts';

/** Waits are recorded and pass at once. */
function hastyClock(): { clock: Clock; delaysMs: number[] } {
  const delaysMs: number[] = [];
  const clock: Clock = {
    ...systemClock,
    after(delayMs, run) {
      delaysMs.push(delayMs);
      return systemClock.after(0, run);
    },
  };
  return { clock, delaysMs };
}

test('a fault is tried again, later and later up to a bound, until there is an answer', async () => {
  const { clock, delaysMs } = hastyClock();
  let calls = 0;
  const answer = await untilAnswered({
    call: async () => {
      if (++calls <= 9) throw new EngineError('STORE_FAILED', { inDoubt: calls % 2 === 0 });
      return 'stored';
    },
    clock,
    abandoned: () => false,
    onFault: () => {},
  });
  expect([answer, calls]).toEqual(['stored', 10]);
  expect(delaysMs).toEqual([20, 40, 80, 160, 320, 640, 1_280, 2_000, 2_000]);
});

test('nobody tries for a round that left', async () => {
  const { clock } = hastyClock();
  let calls = 0;
  const answer = await untilAnswered({
    call: async () => {
      calls++;
      throw new EngineError('STORE_FAILED');
    },
    clock,
    abandoned: () => calls === 2,
    onFault: () => {},
  });
  expect([answer, calls]).toEqual([undefined, 2]);
});

test.each([new TypeError('a bug'), new EngineError('BAD_REQUEST')])(
  '%s is not tried again',
  async (error) => {
    const { clock, delaysMs } = hastyClock();
    const answer = untilAnswered({
      call: () => Promise.reject(error),
      clock,
      abandoned: () => false,
      onFault: () => {},
    });
    await expect(answer).rejects.toBe(error);
    expect(delaysMs).toEqual([]);
  },
);
