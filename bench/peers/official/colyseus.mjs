/** A viewer by Colyseus's own client, as official.ts describes it. */
import { Client } from '@colyseus/sdk';

export async function watch({ host, port }, onGift) {
  const room = await new Client(`ws://${host}:${port}`).joinOrCreate('battle');
  room.onMessage('gift', ({ no }) => onGift(no));
  return { paidSats: () => room.state.first.sats };
}
