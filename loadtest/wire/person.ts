/** Who a viewer of a load is. Native keys and hashes: thousands of viewers are made before a load begins. */
import { type Identity, identityOf } from '../../src/client/identity.ts';
import type { ClientPlatform } from '../../src/client/platform.ts';
import { sha256 } from '../../src/platform/hash.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { nativeSignatures } from '../../src/platform/signatures.ts';

export const platform: Pick<ClientPlatform, 'random' | 'sha256' | 'signatures'> = {
  random: systemRandom,
  sha256,
  signatures: nativeSignatures,
};

/** A key of its own and the account that follows from it. `privateKey`: 32 bytes; random if it is not given. */
export function newPerson(privateKey: Uint8Array = systemRandom.bytes(32)): Identity {
  return identityOf(privateKey, platform);
}
