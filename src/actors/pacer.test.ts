import { describe, expect, it } from 'vitest';
import { Pacer } from './pacer.ts';

/** One report of each thread; answers the last change. */
function second(pacer: Pacer, parts: Readonly<Record<string, number>>): number | null {
  let changed: number | null = null;
  for (const [thread, part] of Object.entries(parts)) changed = pacer.note(thread, part) ?? changed;
  return changed;
}

function seconds(pacer: Pacer, count: number, parts: Readonly<Record<string, number>>): number[] {
  const changes = Array.from({ length: count }, () => second(pacer, parts));
  return changes.filter((change) => change !== null);
}

describe('the pace of words', () => {
  it('stays at a second while no thread is busy', () => {
    const pacer = new Pacer();
    expect(seconds(pacer, 60, { 'edge-0': 0.6, 'shard-0': 0.8 })).toEqual([]);
    expect(pacer.payEveryMs).toBe(1_000);
  });

  it('gets slower when one thread is busy, however idle the others', () => {
    const pacer = new Pacer();
    expect(seconds(pacer, 4, { 'edge-0': 0.97, 'edge-1': 0.1, 'shard-0': 0.2 })).toEqual([2_000]);
  });

  it('is not moved by one busy second', () => {
    const pacer = new Pacer();
    for (let burst = 0; burst < 10; burst++) {
      expect(seconds(pacer, 1, { 'edge-0': 1 })).toEqual([]);
      expect(seconds(pacer, 3, { 'edge-0': 0.5 })).toEqual([]);
    }
  });

  it('waits for what a change does before the next one, and ends at ten seconds', () => {
    const pacer = new Pacer();
    expect(seconds(pacer, 60, { 'edge-0': 1 })).toEqual([2_000, 5_000, 10_000]);
    const waited = new Pacer();
    seconds(waited, 3, { 'edge-0': 1 });
    expect(waited.payEveryMs).toBe(2_000);
    seconds(waited, 3, { 'edge-0': 1 });
    expect(waited.payEveryMs).toBe(2_000);
  });

  it('does not swing: faster only when the words that come then leave room', () => {
    const pacer = new Pacer();
    seconds(pacer, 4, { 'edge-0': 0.95 });
    // Half the words, half the work: at a second again it would be as busy as before.
    expect(seconds(pacer, 120, { 'edge-0': 0.48 })).toEqual([]);
    expect(seconds(pacer, 10, { 'edge-0': 0.3 })).toEqual([1_000]);
  });

  it('forgets a thread that is gone', () => {
    const pacer = new Pacer();
    second(pacer, { 'edge-0': 1, 'shard-0': 0.2 });
    pacer.forget('edge-0');
    expect(seconds(pacer, 20, { 'shard-0': 0.2 })).toEqual([]);
  });
});
