/**
 * The scenario on Colyseus 0.18 with its uWebSockets.js transport. As its documentation advises:
 *   - uWebSocketsTransport, "the recommended transport for production" (docs.colyseus.io/server/transport/uwebsockets);
 *     the same page shows how to override the version of uWebSockets.js, as package.json does.
 *   - State for levels, a message for what happens once (docs.colyseus.io/faq, "state vs messages").
 *   - Only what clients need is in the state (docs.colyseus.io/faq, "Reduce state size"): what each viewer paid is in
 *     `client.userData`. Integers as `t.number()`, fixed things as declared fields, few of them
 *     (docs.colyseus.io/state/optimization). No views: they would encode once per client.
 *   - patchRate 100 instead of 50 (docs.colyseus.io/room, "Configuration Properties"): the state at 10 Hz. With no
 *     simulation loop, as nothing moves by itself.
 *   - NODE_ENV=production, set in scene.mjs (docs.colyseus.io/deployment, "Production checklist"); no monitor, no
 *     playground, no Express (uwebsockets-express is only there because the transport does not start without it).
 */
import { PARTICIPANTS, SATS_PER_MESSAGE, SATS_WEIGHT, STATE_EVERY_MS, serveBench } from './scene.mjs';
import { Room, Server } from '@colyseus/core';
import { schema, t } from '@colyseus/schema';
import { uWebSocketsTransport } from '@colyseus/uwebsockets-transport';
import uWS from 'uWebSockets.js';

const Participant = schema(
  { name: t.string(), sats: t.number(), score: t.number(), rank: t.number(), watchers: t.number() },
  'Participant',
);
const Battle = schema({ viewers: t.number(), first: Participant, second: Participant }, 'Battle');

class BattleRoom extends Room {
  patchRate = STATE_EVERY_MS;
  autoDispose = false;
  state = new Battle();

  messages = {
    pay: (client, target) => {
      this.#pay(client, target, SATS_PER_MESSAGE);
    },
    gift: (client, gift) => {
      if (this.#pay(client, gift.target, gift.sats)) {
        this.broadcast('gift', { ...gift, from: client.sessionId, at: Date.now() });
      }
    },
  };

  onCreate() {
    const [first, second] = PARTICIPANTS.map((name, target) =>
      new Participant().assign({ name, sats: 0, score: 0, rank: target + 1, watchers: 0 }),
    );
    this.state.assign({ viewers: 0, first, second });
  }

  onJoin(client) {
    client.userData = { paidSats: 0 };
    this.#countViewers();
  }

  onLeave() {
    this.#countViewers();
  }

  #pay(client, target, amount) {
    const { first, second } = this.state;
    const participant = [first, second][target];
    if (participant === undefined || !Number.isSafeInteger(amount) || amount <= 0) return false;
    participant.sats += amount;
    participant.score = participant.sats * SATS_WEIGHT;
    client.userData.paidSats += amount;
    const best = second.sats > first.sats ? second : first;
    first.rank = best === first ? 1 : 2;
    second.rank = best === second ? 1 : 2;
    return true;
  }

  #countViewers() {
    this.state.viewers = this.clients.length;
    this.state.first.watchers = this.clients.length;
  }
}

/** Listens on loopback only, on a free port; the transport itself ignores the host and cannot tell the port. */
class LoopbackTransport extends uWebSocketsTransport {
  port = 0;

  listen(_port, _hostname, _backlog, listening) {
    this.app.listen('127.0.0.1', 0, (socket) => {
      if (socket) this.port = uWS.us_socket_local_port(socket);
      listening(socket ? undefined : new Error('cannot listen'));
    });
    return this;
  }
}

serveBench(async () => {
  const transport = new LoopbackTransport();
  const server = new Server({ transport, greet: false });
  server.define('battle', BattleRoom);
  await server.listen(0);
  return transport.port;
});
