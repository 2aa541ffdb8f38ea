/**
 * What the servers of the peers share; imported first by each of them. Plain JavaScript: these files run with packages of
 * bench/peers/node_modules, which are not there while the rest of the project is checked.
 */
import { serveParent } from '../../lib/child.ts';

process.env.NODE_ENV = 'production'; // before any package of a peer is loaded

/** The round as a peer keeps it: levels of two participants. Everybody who joined watches the first. */
export const PARTICIPANTS = ['Mara Volt', 'Deep Tariq'];
export const STATE_EVERY_MS = 100;

/** What a viewer pays with one message. A gift pays what it says. */
export const SATS_PER_MESSAGE = 1;

/** Weight of a sat in the score, as in the terms of the round that Ringside plays. */
export const SATS_WEIGHT = 10;

/** `listen` starts to listen on loopback and resolves with the port. The bench ends this process by killing it. */
export function serveBench(listen) {
  serveParent({
    listen,
    /** The same collection as in the threads of Ringside (bench/live/probe-thread.ts). */
    collect() {
      globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    },
  });
}
