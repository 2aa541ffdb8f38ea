/**
 * How a viewer gets its stream onto a connection: OPEN at first, ATTACH from then on, and what to ask after a refusal or
 * after an answer that was lost.
 */
import { openMessage } from '../../src/client/new-stream.ts';
import { type ErrorMessage, FRAME } from '../../src/protocol/messages.ts';
import { platform } from './person.ts';
import type { Purse } from './purse.ts';
import type { ViewerConnection } from './viewer-connection.ts';
import type { ViewerSetup } from './viewer-setup.ts';

export class StreamRequest {
  readonly #setup: ViewerSetup;
  readonly #purse: Purse;
  readonly #connection: ViewerConnection;
  /** OPEN or ATTACH under way; 0: none. */
  #ref = 0;
  /** What to ask for next: an OPEN whose answer was lost is followed by ATTACH. */
  #ask: 'open' | 'attach' = 'open';
  #wasOpen = false;
  #again = false;

  constructor(setup: ViewerSetup, purse: Purse, connection: ViewerConnection) {
    this.#setup = setup;
    this.#purse = purse;
    this.#connection = connection;
  }

  /** It was refused in a way that may pass. */
  get isToRepeat(): boolean {
    return this.#again;
  }

  /** Nothing while one is under way, or before the engine's first message. */
  send(): void {
    const { person, name, round } = this.#setup;
    const { welcome } = this.#connection;
    this.#again = false;
    if (welcome === null || this.#ref !== 0) return;
    const ref = this.#connection.nextRef();
    this.#ref = ref;
    const { record, words } = this.#purse;
    if (this.#ask === 'attach') {
      this.#connection.send({ type: FRAME.ATTACH, ref, round: round.roundId, streamId: record.streamId });
      return;
    }
    const { rateSatsPerSecond } = round;
    const nowMs = welcome.serverTimeMs;
    const open = { record, words, identity: person, welcome, rateSatsPerSecond, nowMs, name, platform };
    this.#connection.send({ ...openMessage(open), ref });
    this.#ask = 'attach';
  }

  /** A STREAM has come; whether it answers the request under way. */
  granted(ref: number): boolean {
    this.#wasOpen = true;
    return this.#answered(ref);
  }

  /** `repeated`: it was asked for again at once, and it is no error of anybody. */
  refused({ ref, code, frame, retryable }: ErrorMessage): 'notThis' | 'refused' | 'repeated' {
    if (!this.#answered(ref)) return 'notThis';
    if (code === 'UNKNOWN_STREAM' && !this.#wasOpen) {
      // An OPEN whose answer was lost had not arrived.
      this.#ask = 'open';
      this.send();
      return 'repeated';
    }
    const isThere = code === 'STREAM_EXISTS' || code === 'STREAM_TAKEN';
    if (frame === FRAME.OPEN && !isThere) this.#ask = 'open';
    this.#again = retryable || isThere;
    return 'refused';
  }

  /** The connection is gone. */
  lost(): void {
    this.#ref = 0;
    this.#again = false;
  }

  #answered(ref: number): boolean {
    if (ref === 0 || ref !== this.#ref) return false;
    this.#ref = 0;
    return true;
  }
}
