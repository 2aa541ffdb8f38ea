import { expect, test } from 'vitest';
import { connectionsPossible } from './limits.ts';

test('what does not fit into one process is spread over several', () => {
  const one = connectionsPossible({ viewers: 10, processes: 0, url: null });
  expect(one.processes).toBe(1);
  expect(one.possible).toBeGreaterThan(10);
  const url = 'http://127.0.0.1:3000';
  const many = connectionsPossible({ viewers: 100_000_000, processes: 0, url });
  expect(many.processes).toBeGreaterThan(2);
});

test('with too few processes it is said how to have more', () => {
  const url = 'http://127.0.0.1:3000';
  const { possible, processes, advice } = connectionsPossible({ viewers: 100, processes: 1, url });
  expect(processes).toBe(1);
  expect(advice).toMatch(/--processes|ip_local_port_range/);
  expect(possible).toBeGreaterThan(0);
});

test('the engine that is started is one process, however many drive it', () => {
  const own = connectionsPossible({ viewers: 100, processes: 50, url: null });
  const running = connectionsPossible({ viewers: 100, processes: 50, url: 'http://127.0.0.1:3000' });
  expect(own.possible).toBeLessThanOrEqual(running.possible);
  expect(own.advice).toMatch(/the engine is one process|ip_local_port_range/);
});
