/**
 * The scenario on Socket.IO 4 with uWebSockets.js. As its documentation advises:
 *   - uWebSockets.js instead of ws, by `attachApp` (socket.io/docs/v4/server-installation, on other WebSocket servers).
 *     `io.emit` is then one native publish, not a loop over sockets. The ws add-ons bufferutil and utf-8-validate
 *     have nothing to do here.
 *   - The reference to the first HTTP request is dropped (socket.io/docs/v4/memory-usage).
 *   - No compression: the default since 3.0 (socket.io/docs/v4/server-options, perMessageDeflate), and of uWebSockets.js.
 *   - The default parser: another one is for binary payloads (socket.io/docs/v4/performance-tuning), and there are none.
 *   - WebSocket only, so that no connection begins as long-polling (socket.io/docs/v4/server-options, transports).
 */
import { PARTICIPANTS, SATS_PER_MESSAGE, SATS_WEIGHT, STATE_EVERY_MS, serveBench } from './scene.mjs';
import { Server } from 'socket.io';
import uWS from 'uWebSockets.js';

const app = uWS.App();
const io = new Server({ transports: ['websocket'], serveClient: false });
io.attachApp(app);
io.engine.on('connection', (rawSocket) => {
  rawSocket.request = null;
});

const sats = PARTICIPANTS.map(() => 0);

io.on('connection', (socket) => {
  socket.data.paidSats = 0;
  const pay = (target, amount) => {
    if (sats[target] === undefined || !Number.isSafeInteger(amount) || amount <= 0) return false;
    sats[target] += amount;
    socket.data.paidSats += amount;
    return true;
  };
  socket.on('pay', (target) => {
    pay(target, SATS_PER_MESSAGE);
  });
  socket.on('gift', (gift) => {
    if (pay(gift.target, gift.sats)) io.emit('gift', { ...gift, from: socket.id, at: Date.now() });
  });
});

setInterval(() => {
  const best = sats[1] > sats[0] ? 1 : 0;
  const viewers = io.engine.clientsCount;
  // Rows of numbers, not objects: what a careful author would send ten times a second.
  const rows = sats.map((level, target) => [
    level,
    level * SATS_WEIGHT,
    target === best ? 1 : 2,
    target === 0 ? viewers : 0,
  ]);
  io.emit('state', { t: Date.now(), v: viewers, p: rows });
}, STATE_EVERY_MS);

serveBench(
  () =>
    new Promise((resolve, reject) => {
      app.listen('127.0.0.1', 0, (socket) => {
        if (socket) resolve(uWS.us_socket_local_port(socket));
        else reject(new Error('cannot listen'));
      });
    }),
);
