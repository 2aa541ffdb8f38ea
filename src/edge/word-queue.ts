/**
 * PAYs that were read in this turn of the loop, until all that was there has been read; then they are verified together.
 * Owned by the edge thread.
 *
 * Reading a socket and verifying a word need code and data that push each other out of the processor's caches. Kept
 * apart, a payment costs the edge 4.2 microseconds instead of 4.9, of which 2.6 are the socket's (`npm run bench --
 * ingest`: 4,000 sockets with a word each).
 *
 * Whatever else a connection sends is acted on after the words that came before it: `settle` first.
 */
import { PAY_BYTES } from '../protocol/frame-sizes.ts';
import type { Session } from './session.ts';

/** Verified without waiting when there are so many. */
const WORDS_MAX = 1_024;

export class WordQueue {
  readonly #frames = new Uint8Array(WORDS_MAX * PAY_BYTES);
  #sessions: Session[] = [];
  readonly #verify: (session: Session, frames: Uint8Array, at: number) => void;
  readonly #defer: (run: () => void) => void;
  readonly #deferred = (): void => {
    this.#isDeferred = false;
    this.settle();
  };
  #isDeferred = false;

  constructor(options: {
    /** The PAY is at `at`. It may close its session, but no other frame comes meanwhile. */
    readonly verify: (session: Session, frames: Uint8Array, at: number) => void;
    /** Runs `run` soon, after the frames that have arrived. */
    readonly defer: (run: () => void) => void;
  }) {
    this.#verify = options.verify;
    this.#defer = options.defer;
  }

  /** `frame` is a PAY of the right length; it is copied. */
  put(session: Session, frame: Uint8Array): void {
    this.#frames.set(frame, this.#sessions.length * PAY_BYTES);
    this.#sessions.push(session);
    if (this.#sessions.length === WORDS_MAX) return this.settle();
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#defer(this.#deferred);
  }

  /** Verifies what waits, in the order it came. */
  settle(): void {
    const sessions = this.#sessions;
    if (sessions.length === 0) return;
    this.#sessions = []; // a session that is closed by its word settles too
    let at = 0;
    for (const session of sessions) {
      this.#verify(session, this.#frames, at);
      at += PAY_BYTES;
    }
  }
}
