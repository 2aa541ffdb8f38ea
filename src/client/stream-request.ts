/**
 * Gets a stream onto a connection: ATTACH or OPEN, again after each lost connection, until there is an answer. An OPEN
 * whose answer was lost may have been taken or not, so it is followed by an ATTACH, and only when the engine does not
 * know the stream by another OPEN; one that is still being taken answers neither well, and is asked for again.
 */
import { type Code, type Refusal, refuse } from '../core/errors.ts';
import { FRAME, type OpenMessage, type StreamMessage, type WelcomeMessage } from '../protocol/messages.ts';
import type { Connection, Reply } from './connection.ts';
import type { StreamRecord } from './storage.ts';
import type { Ticker } from './ticker.ts';

const RETRY_MS = 300;
const TRIES_MAX = 20;

export interface StreamRequest<T> {
  readonly connection: Connection;
  readonly ticker: Ticker;
  readonly record: StreamRecord;
  readonly first: 'attach' | 'open';
  /** False: nobody wants the stream any more. */
  wanted(): boolean;
  /** OPEN for the connection with this WELCOME. */
  open(welcome: WelcomeMessage): Omit<OpenMessage, 'ref'>;
  /** Called at once, before the next frame is looked at; its result is the promise's. */
  granted(grant: StreamMessage): T;
}

export function requestStream<T>(
  request: StreamRequest<T>,
): Promise<{ readonly ok: true; readonly value: T } | Refusal> {
  const { connection, record, first } = request;
  let tries = 0;
  return new Promise((resolve) => {
    const attempt = (how: 'attach' | 'open'): void => {
      if (!request.wanted()) return resolve(refuse('UNKNOWN_STREAM'));
      const answered = (answer: Reply | null): void => {
        if (answer?.type === FRAME.STREAM) {
          if (request.wanted()) resolve({ ok: true, value: request.granted(answer) });
          else resolve(refuse('UNKNOWN_STREAM'));
        } else if (answer?.type === FRAME.ERROR) {
          const next = first === 'open' ? afterOpen(how, answer.code) : null;
          if (next === null || ++tries > TRIES_MAX) resolve(refuse(answer.code));
          else request.ticker.add(how === 'open' ? RETRY_MS : 0, () => (attempt(next), null));
        } else if (connection.state.kind === 'closed') {
          resolve(refuse('UNAVAILABLE'));
        } else {
          again();
        }
      };
      const { welcome } = connection;
      if (how === 'open' && welcome !== null) {
        const open = request.open(welcome);
        connection.request((ref) => ({ ...open, ref }), answered);
      } else {
        const { roundId, streamId } = record;
        connection.request((ref) => ({ type: FRAME.ATTACH, ref, round: roundId, streamId }), answered);
      }
    };
    const again = (): void => {
      const off = connection.on('state', ({ kind }) => {
        if (kind === 'closed') {
          off();
          resolve(refuse('UNAVAILABLE'));
        }
      });
      const offReady = connection.on('ready', () => {
        off();
        offReady();
        attempt('attach');
      });
    };
    attempt(first);
  });
}

/** What to try when a stream that is being opened answers with an error; null: it is the answer. */
function afterOpen(how: 'attach' | 'open', code: Code): 'attach' | 'open' | null {
  if (how === 'attach' && code === 'UNKNOWN_STREAM') return 'open';
  return how === 'open' && code === 'STREAM_EXISTS' ? 'attach' : null;
}
