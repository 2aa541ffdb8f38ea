/**
 * A programme without end: battle after battle with simulated viewers, so that there is something alive to
 * look at. Main thread. Stops after the current step when asked.
 */
import { randomBytes } from 'node:crypto';
import type { AccountId, RoundId } from '../core/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { EngineControl } from '../ports/engine.ts';
import type { Logger } from '../ports/logger.ts';
import { CrowdControl } from './crowd-control.ts';
import { demoTerms } from './terms.ts';

export interface BattlesOptions {
  readonly control: EngineControl;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly wsUrl: string;
  readonly viewers: number;
  readonly roundSeconds: number;
  readonly payoutMinSats: number;
  readonly platformAccount: AccountId;
}

/** Time in the lobby before each battle. */
const LOBBY_MS = 6_000;
const GIFT_SHARE = 0.4;

export interface Battles {
  stop(): Promise<void>;
}

export async function startBattles(options: BattlesOptions): Promise<Battles> {
  const { control, clock, logger } = options;
  const crowd = await CrowdControl.start(
    { wsUrl: options.wsUrl, viewers: options.viewers, giftShare: GIFT_SHARE },
    control,
  );
  const asked = { stop: false };

  const playOne = async (no: number): Promise<void> => {
    await crowd.fund();
    const nowMs = clock.nowMs();
    const roundId = `demo-${nowMs.toString(36)}-${randomBytes(2).toString('hex')}` as RoundId;
    const terms = demoTerms({
      roundId,
      no,
      lobbyAtMs: nowMs,
      startsAtMs: nowMs + LOBBY_MS,
      durationMs: options.roundSeconds * 1_000,
      payoutMinSats: options.payoutMinSats,
      platformAccount: options.platformAccount,
    });
    const created = await control.createRound(terms);
    if (!created.ok) {
      logger.warn('demo round refused', { code: created.code });
      return;
    }
    const report = await crowd.play({
      roundId,
      participants: terms.participants.length,
      startsAtMs: terms.startsAtMs,
      endsAtMs: terms.startsAtMs + options.roundSeconds * 1_000,
      seed: no + 1,
    });
    const { connected, paidSats, giftsAccepted, errors } = report;
    logger.info('demo battle over', { roundId, connected, paidSats, gifts: giftsAccepted, errors });
  };

  const programme = (async (): Promise<void> => {
    for (let no = 0; !asked.stop; no++) await playOne(no);
  })().catch((error: unknown) => {
    if (!asked.stop) logger.error('the demo has stopped', { error });
  });

  return {
    async stop() {
      asked.stop = true;
      await crowd.stop();
      await programme;
    },
  };
}
