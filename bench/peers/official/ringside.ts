/** A viewer by Ringside's own SDK, as official.ts describes it: it follows the round and pays nothing. */
import { defaultPlatform } from '../../../src/client/platform.ts';
import { Viewer } from '../../../src/client/viewer.ts';
import { WS_PATH } from '../../../src/core/limits.ts';
import { sha256 } from '../../../src/platform/hash.ts';
import { nativeSignatures } from '../../../src/platform/signatures.ts';
import { ROUND_ID, giftNo } from '../scenario.ts';
import type { Watch } from './official.ts';

export const watch: Watch = async ({ host, port }, onGift) => {
  const viewer = new Viewer({
    url: `ws://${host}:${port}${WS_PATH}`,
    platform: { ...defaultPlatform, sha256, signatures: nativeSignatures },
    agent: 'bench',
  });
  viewer.on('state', ({ state, delta }) => {
    for (const { from, sats } of delta === null ? state.gifts : (delta.gifts ?? [])) {
      onGift(giftNo(Number(from), sats));
    }
  });
  if (!(await viewer.connect()).ok) throw new Error('the SDK could not connect');
  const followed = await viewer.follow(ROUND_ID);
  if (!followed.ok) throw new Error(`the SDK could not follow: ${followed.code}`);
  return { paidSats: () => viewer.state?.participants[0]?.sats ?? 0 };
};
