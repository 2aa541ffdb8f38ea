/** The SDK's platform on Node: native hashing and signatures in place of JavaScript ones. */
import { type ClientPlatform, defaultPlatform } from '../client/platform.ts';
import { systemClock } from '../platform/clock.ts';
import { sha256 } from '../platform/hash.ts';
import { systemRandom } from '../platform/random.ts';
import { nativeSignatures } from '../platform/signatures.ts';

export const nodePlatform: ClientPlatform = {
  ...defaultPlatform,
  clock: systemClock,
  random: systemRandom,
  sha256,
  signatures: nativeSignatures,
};
