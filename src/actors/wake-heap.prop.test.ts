import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { WakeHeap } from './wake-heap.ts';

test('pops what is due, earliest first, and nothing else', () => {
  const heap = new WakeHeap();
  heap.set(1, 30);
  heap.set(2, 10);
  heap.set(3, 20);
  expect(heap.nextMs).toBe(10);
  expect([heap.popDue(25), heap.popDue(25), heap.popDue(25)]).toEqual([2, 3, undefined]);
  expect(heap.size).toBe(1);
});

test('a new time for a key replaces the old one', () => {
  const heap = new WakeHeap();
  heap.set(1, 10);
  heap.set(2, 20);
  heap.set(1, 30);
  expect(heap.size).toBe(2);
  expect(heap.nextMs).toBe(20);
  heap.set(2, null);
  expect([heap.nextMs, heap.popDue(100), heap.popDue(100)]).toEqual([30, 1, undefined]);
});

test('agrees with a map under any sequence of changes', () => {
  const change = fc.record({
    key: fc.nat(12),
    timeMs: fc.option(fc.nat(50)),
    popAtMs: fc.option(fc.nat(50)),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
      const heap = new WakeHeap();
      const model = new Map<number, number>();
      for (const { key, timeMs, popAtMs } of changes) {
        heap.set(key, timeMs);
        if (timeMs === null) model.delete(key);
        else model.set(key, timeMs);
        if (popAtMs !== null) {
          const leastMs = Math.min(...model.values());
          const popped = heap.popDue(popAtMs);
          if (leastMs > popAtMs) expect(popped).toBeUndefined();
          else {
            expect(popped === undefined ? undefined : model.get(popped)).toBe(leastMs);
            if (popped !== undefined) model.delete(popped);
          }
        }
        expect(heap.size).toBe(model.size);
        expect(heap.nextMs).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
      }
    }),
    { numRuns: 300 },
  );
});
