/** A viewer by Socket.IO's own client, as official.ts describes it. */
import { io } from 'socket.io-client';

export async function watch({ host, port }, onGift) {
  const socket = io(`ws://${host}:${port}`, { transports: ['websocket'], reconnection: false });
  let sats = 0;
  socket.on('state', ({ p }) => {
    sats = p[0][0];
  });
  socket.on('gift', ({ no }) => onGift(no));
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return { paidSats: () => sats };
}
