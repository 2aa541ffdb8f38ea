// Whatever is lost, dropped, forgotten or hidden on the way: nothing is paid twice, and nothing that was promised is lost.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type World, watching } from './testing/world.ts';

type Step =
  | { readonly kind: 'watch'; readonly target: number }
  | { readonly kind: 'stop' | 'show' | 'hide' | 'lose' | 'restore' | 'mute' | 'save' | 'refuse' | 'accept' }
  | { readonly kind: 'gift'; readonly target: number; readonly sats: number };

const target = fc.integer({ min: 0, max: 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('watch' as const), target }),
  fc.record({
    kind: fc.constant('gift' as const),
    target,
    sats: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(1_000), fc.constant(2_300)),
  }),
  fc.record({
    kind: fc.constantFrom(
      'stop' as const,
      'show' as const,
      'hide' as const,
      'lose' as const,
      'restore' as const,
      'mute' as const,
      'save' as const,
      'refuse' as const,
      'accept' as const,
    ),
  }),
);

function take(w: World, one: Step, gifts: { sats: number; ok: Promise<boolean> }[]): void {
  switch (one.kind) {
    case 'watch':
      void w.viewer.watch(one.target);
      return;
    case 'gift': {
      const { sats } = one;
      gifts.push({ sats, ok: w.viewer.gift(one.target, sats).then((result) => result.ok) });
      return;
    }
    case 'stop':
      w.viewer.stop();
      return;
    case 'hide':
    case 'show':
      w.viewer.pause(one.kind === 'hide');
      return;
    case 'lose':
      w.edge.drop();
      return;
    case 'restore':
      w.edge.restore();
      return;
    case 'mute':
      w.edge.holdAcks = true;
      return;
    case 'save':
      w.edge.holdAcks = false;
      w.edge.acknowledge();
      return;
    case 'refuse':
    case 'accept':
      w.edge.refuseGifts = one.kind === 'refuse' ? 'OVER_HOLD' : null;
      return;
    default:
      one satisfies never;
  }
}

describe('a viewer in trouble', () => {
  it('pays each gift once and never more than it watched', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(step, fc.integer({ min: 1, max: 150 })), { maxLength: 20 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        async (steps, seed) => {
          const w = await watching({ seed });
          const startMs = w.clock.nowMs();
          const errors: string[] = [];
          w.viewer.on('error', ({ code }) => errors.push(code));
          const gifts: { sats: number; ok: Promise<boolean> }[] = [];
          for (const [one, waitTens] of steps) {
            take(w, one, gifts);
            await w.run(waitTens * 10);
          }
          w.viewer.stop();
          w.edge.holdAcks = false;
          w.edge.acknowledge();
          await w.run(4_000); // longer than any wait before a reconnect here
          w.edge.acknowledge();
          await w.run(100);
          const given = await Promise.all(gifts.map(async ({ sats, ok }) => ((await ok) ? sats : 0)));
          const givenSats = given.reduce((sum, sats) => sum + sats, 0);
          const watchedSats = w.edge.paidSats - givenSats;
          expect(errors).toEqual([]);
          expect(watchedSats).toBeGreaterThanOrEqual(0);
          expect(watchedSats).toBeLessThanOrEqual((w.clock.nowMs() - startMs) / 1_000 + 1);
          expect(w.viewer.paid).toMatchObject({
            sentSats: w.edge.paidSats,
            acknowledgedSats: w.edge.paidSats,
          });
          expect(w.viewer.pendingGifts).toBe(0);
        },
      ),
      { numRuns: 400, interruptAfterTimeLimit: 4_000 },
    );
  });
});
