/** What the parts of one edge share. Owned by the edge thread. */
import type { AccountHashes } from '../core/account-key.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Random } from '../ports/random.ts';
import type { Signatures } from '../ports/signatures.ts';
import type { AckPacer } from './ack-pacer.ts';
import type { FanOut } from './fan-out.ts';
import type { RoundDirectory } from './round-directory.ts';
import type { Session } from './session.ts';
import type { EdgeSettings } from './settings.ts';

export interface EdgePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly hashes: AccountHashes;
  readonly signatures: Pick<Signatures, 'verify'>;
  readonly logger: Logger;
}

export interface EdgeCounters {
  wordsAccepted: number;
  wordsRefused: number;
  framesPublished: number;
}

export interface EdgeContext extends EdgePorts {
  /** Number of this edge, as in ReplyTo. */
  readonly edge: number;
  readonly settings: EdgeSettings;
  readonly sessions: ReadonlyMap<number, Session>;
  readonly directory: RoundDirectory;
  readonly acks: AckPacer;
  readonly fanOut: FanOut;
  readonly counters: EdgeCounters;
}
