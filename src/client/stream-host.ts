/** What a paying stream needs from the viewer that has it: a way out, the time, the round, and a memory. */
import type { ClientMessage } from '../protocol/messages.ts';
import type { PublicState } from '../round/public-state.ts';
import type { StreamRecord } from './storage.ts';

export interface StreamHost {
  /** False when nothing can be sent now. */
  send(message: ClientMessage): boolean;
  /** Server time. */
  nowMs(): number;
  state(): PublicState | null;
  /** Makes the record durable; called before what it says is sent. */
  save(record: StreamRecord): void;
  /** Asks for the grant once more: it comes after every answer to what was sent before. */
  attachAgain(): void;
  /** Seconds have begun, or ceased, to be watched: from here on `pay` is wanted regularly, or not. */
  running(running: boolean): void;
}
