/**
 * Viewers that speak a system's protocol themselves, over the same raw WebSocket (loadtest/wire): so a viewer costs the
 * generator about the same for every system, and less than the server. They look at the first bytes of what they get, to
 * count it, and at nothing else; that it means what it should is seen by the official client (official/).
 */
import type { AccountId } from '../../../src/core/ids.ts';
import type { Received, Target } from '../scenario.ts';

export interface RawViewer {
  /** The message of each second. */
  pay(): void;
  gift(no: number): void;
}

export interface RawCrowd {
  /** What has to be funded before anybody joins; by index of the viewer. Empty where money is a number. */
  readonly accounts: readonly AccountId[];
  /** Resolves when the viewer gets states; rejects when it cannot join. */
  join(index: number, target: Target, received: Received): Promise<RawViewer>;
}
