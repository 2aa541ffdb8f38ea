/** When to strike: the moments that a kill is aimed at, drawn by the seed. */
import type { Prng } from '../../src/core/prng.ts';
import type { DrillOrder } from './drill.ts';

export type Aim =
  /** The process, at any moment while payments flow. */
  | { readonly kind: 'random'; readonly afterMs: number }
  /** The process, as a round is closing or being settled. */
  | { readonly kind: 'phase'; readonly phase: 'closing' | 'settling' | 'settled'; readonly afterMs: number }
  /** The process, as a snapshot or a settlement has just been committed. */
  | { readonly kind: 'commit'; readonly of: 'snapshots' | 'settlements'; readonly afterMs: number }
  /** The process, before it has recovered from the kill before, that often. */
  | { readonly kind: 'recovery'; readonly afterMs: number; readonly againAfterMs: readonly number[] }
  /** One thread of it. */
  | { readonly kind: 'thread'; readonly order: DrillOrder; readonly afterMs: number };

const ORDERS: readonly DrillOrder[] = [
  { drill: 'crash', thread: 'shard' },
  { drill: 'terminate', thread: 'shard' },
  { drill: 'exhaust', thread: 'shard' },
  { drill: 'crash', thread: 'edge' },
  { drill: 'terminate', thread: 'builder' },
];

/** Kills that an aim takes. */
export function killsOf(aim: Aim): number {
  return aim.kind === 'recovery' ? 1 + aim.againAfterMs.length : 1;
}

/** `startMs`: how long an engine takes to start, about. */
export function drawAim(random: Prng, startMs: number): Aim {
  const dice = random.below(100);
  const afterMs = random.below(2_500);
  const soonMs = random.chance(0.5) ? 0 : random.below(120);
  if (dice < 35) return { kind: 'random', afterMs };
  if (dice < 47) {
    const phase = (['closing', 'settling', 'settled'] as const)[random.below(3)] ?? 'closing';
    return { kind: 'phase', phase, afterMs: soonMs };
  }
  if (dice < 60)
    return { kind: 'commit', of: 'settlements', afterMs: random.chance(0.6) ? 0 : random.below(60) };
  if (dice < 68)
    return { kind: 'commit', of: 'snapshots', afterMs: random.chance(0.6) ? 0 : random.below(30) };
  if (dice < 82) {
    const again = Array.from({ length: 1 + random.below(2) }, () => random.below(Math.ceil(startMs * 1.3)));
    return { kind: 'recovery', afterMs, againAfterMs: again };
  }
  const order = ORDERS[random.below(ORDERS.length)] ?? { drill: 'crash', thread: 'shard' };
  return { kind: 'thread', order, afterMs };
}
