/** A viewer with its edge in memory and a clock that tests move: every frame passes the real codecs. */
import { expect } from 'vitest';
import { ManualClock } from '../../actors/testing/manual-clock.ts';
import type { RoundId } from '../../core/ids.ts';
import { Prng } from '../../core/prng.ts';
import { sha256 } from '../../platform/hash.ts';
import { nativeSignatures } from '../../platform/signatures.ts';
import type { PublicState } from '../../round/public-state.ts';
import { type ClientPlatform, defaultPlatform } from '../platform.ts';
import { type ClientStorage, memoryStorage } from '../storage.ts';
import { Viewer, type ViewerOptions } from '../viewer.ts';
import { TestEdge, testState } from './test-edge.ts';

export const START_MS = 1_700_000_000_000;
export const ROUND = 'r-test' as RoundId;

export interface World {
  readonly clock: ManualClock;
  readonly edge: TestEdge;
  readonly platform: ClientPlatform;
  readonly viewer: Viewer;
  readonly storage: ClientStorage;
  /** Moves time in small steps and lets promises run between them. */
  run(ms: number): Promise<void>;
  another(options?: Partial<ViewerOptions>): Viewer;
}

export function world(
  options: {
    state?: Partial<PublicState>;
    viewer?: Partial<ViewerOptions>;
    skewMs?: number;
    seed?: number;
  } = {},
): World {
  const clock = new ManualClock(START_MS);
  const chance = new Prng(options.seed ?? 1);
  const edge = new TestEdge(clock, testState(START_MS + (options.skewMs ?? 0), options.state));
  edge.skewMs = options.skewMs ?? 0;
  const platform: ClientPlatform = {
    ...defaultPlatform,
    clock,
    random: { bytes: (count) => Uint8Array.from({ length: count }, () => chance.below(256)) },
    sha256,
    signatures: nativeSignatures,
    openSocket: edge.openSocket,
  };
  const storage = memoryStorage();
  const another = (more: Partial<ViewerOptions> = {}): Viewer =>
    new Viewer({ url: 'ws://edge', platform, storage, network: 'dev', ...options.viewer, ...more });
  return {
    clock,
    edge,
    platform,
    storage,
    viewer: another(),
    another,
    async run(ms) {
      for (let passed = 0; passed < ms; passed += 10) {
        clock.advance(10);
        await Promise.resolve();
        await Promise.resolve();
      }
    },
  };
}

export async function following(options: Parameters<typeof world>[0] = {}): Promise<World> {
  const w = world(options);
  const connected = w.viewer.connect();
  await w.run(100);
  expect(await connected).toEqual({ ok: true });
  const followed = w.viewer.follow(ROUND);
  await w.run(50);
  expect(await followed).toEqual({ ok: true });
  return w;
}

/** Watches participant 0 with an open stream. */
export async function watching(options: Parameters<typeof world>[0] = {}): Promise<World> {
  const w = await following(options);
  const watched = w.viewer.watch(0);
  await w.run(50);
  expect(await watched).toEqual({ ok: true });
  return w;
}

export const watchSats = (edge: TestEdge, target: number): number =>
  edge.payments
    .filter((one) => one.purpose === 'watch' && one.target === target)
    .reduce((sum, one) => sum + one.sats, 0);
export const giftSats = (edge: TestEdge): readonly number[] =>
  edge.payments.filter((one) => one.purpose === 'gift').map((one) => one.sats);
