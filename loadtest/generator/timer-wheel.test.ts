import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimerWheel } from './timer-wheel.ts';

const START_MS = 123_456.7;

test('everything fires once, with the first look at or after its time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -10, max: 40_000, noNaN: true }), { minLength: 1, maxLength: 50 }),
      fc.array(fc.double({ min: 0.1, max: 9_000, noNaN: true }), { minLength: 1, maxLength: 50 }),
      (delays, steps) => {
        const wheel = new TimerWheel(delays.length, START_MS);
        for (const [id, delay] of delays.entries()) wheel.add(id, START_MS + delay);
        const left = new Set(delays.keys());
        let nowMs = START_MS;
        for (const step of steps) {
          nowMs += step;
          const fired: number[] = [];
          wheel.advance(nowMs, (id, dueMs) => {
            expect(dueMs).toBe(START_MS + (delays[id] ?? 0));
            fired.push(id);
          });
          const due = [...left].filter((id) => START_MS + (delays[id] ?? 0) <= nowMs);
          expect(fired.toSorted((a, b) => a - b)).toEqual(due);
          for (const id of due) left.delete(id);
          for (const id of delays.keys()) expect(wheel.waits(id)).toBe(left.has(id));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('whoever adds itself again when it fires is on time each time, also after a pause', () => {
  const wheel = new TimerWheel(1, 0);
  wheel.add(0, 250);
  const fired: number[] = [];
  const fire = (id: number, dueMs: number): void => {
    fired.push(dueMs);
    wheel.add(id, dueMs + 1_000);
  };
  for (let nowMs = 0; nowMs < 3_000; nowMs += 4) wheel.advance(nowMs, fire);
  expect(fired).toEqual([250, 1_250, 2_250]);
  // Nothing is left out: what was missed in the pause comes one look after the other.
  for (let look = 0; look < 10; look++) wheel.advance(9_300, fire);
  expect(fired.slice(3)).toEqual([3_250, 4_250, 5_250, 6_250, 7_250, 8_250, 9_250]);
});

test('what is added while others fire after a pause, and was due before, does not wait for a whole turn', () => {
  const wheel = new TimerWheel(2, 0);
  wheel.add(0, 8);
  const fired: [number, number][] = [];
  const fire = (id: number, dueMs: number): void => {
    fired.push([id, dueMs]);
    if (id === 0) wheel.add(1, 2);
  };
  wheel.advance(400, fire);
  expect(fired).toEqual([
    [0, 8],
    [1, 2],
  ]);
});

test('an id cannot wait twice', () => {
  const wheel = new TimerWheel(1, 0);
  wheel.add(0, 5);
  expect(() => wheel.add(0, 6)).toThrow('waits once');
});
