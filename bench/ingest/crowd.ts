/**
 * Paying viewers of one round, in this process, that do only what the bench has them do: no clock, one word each time
 * they are told. They pay without following the round: state frames are the business of the fan-out bench.
 */
import type { Identity } from '../../src/client/identity.ts';
import { WS_PATH } from '../../src/core/limits.ts';
import { encodeClient } from '../../src/protocol/client-codec.ts';
import { u32At } from '../../src/protocol/layout.ts';
import { FRAME, SUBPROTOCOL } from '../../src/protocol/messages.ts';
import type { RoundTerms } from '../../src/round/terms.ts';
import { PayingViewer, type ViewerHost } from '../../loadtest/wire/paying-viewer.ts';
import { newPerson } from '../../loadtest/wire/person.ts';
import type { WebSocketTarget } from '../../loadtest/wire/raw-web-socket.ts';
import type { ViewerCounts } from '../../loadtest/wire/viewer-setup.ts';
import type { LiveEngine } from '../live/engine.ts';

/** Connecting at a time: fewer than the backlog of a listening socket. */
const WAVE = 250;

export class Crowd {
  readonly viewers: readonly PayingViewer[];
  /** Refusals and lost connections: there are to be none. */
  readonly failures: string[] = [];
  /** `deliveries`: once all have left, acknowledgements. */
  readonly counts: ViewerCounts = { words: 0, deliveries: 0, deliveredBytes: 0 };
  #waitingFor = 0;
  #allThere: () => void = () => undefined;

  /** Funds, connects and opens a stream for each; resolves when all of them can pay. */
  static async gather(input: {
    readonly engine: LiveEngine;
    readonly terms: RoundTerms;
    readonly viewers: number;
    /** What each can pay. */
    readonly words: number;
  }): Promise<Crowd> {
    const { engine, terms, viewers, words } = input;
    const people = Array.from({ length: viewers }, () => newPerson());
    await engine.calls.call(
      'fund',
      people.map(({ account }) => ({ account, sats: words })),
    );
    const target = { host: '127.0.0.1', port: engine.edgePort, path: WS_PATH, subprotocol: SUBPROTOCOL };
    const crowd = new Crowd({ people, target, terms, words });
    for (let from = 0; from < viewers; from += WAVE)
      await crowd.#connect(from, Math.min(viewers, from + WAVE));
    return crowd;
  }

  private constructor(input: {
    readonly people: readonly Identity[];
    readonly target: WebSocketTarget;
    readonly terms: RoundTerms;
    readonly words: number;
  }) {
    const { people, target, terms, words } = input;
    const round = {
      roundId: terms.roundId,
      participants: terms.participants.length,
      rateSatsPerSecond: terms.rateSatsPerSecond,
      startsAtMs: 0,
      endsAtMs: Infinity,
    };
    const host = this.#host();
    this.viewers = people.map(
      (person, no) =>
        new PayingViewer(
          {
            target,
            person,
            name: `v${no}`,
            round,
            budget: { watchWords: words, giftSats: [] },
            watching: no % round.participants,
            probe: true,
          },
          host,
        ),
    );
  }

  /** Each reveals its next `words` words, one frame each. */
  pay(words: number): void {
    for (const viewer of this.viewers) for (let no = 0; no < words; no++) viewer.reveal(1);
  }

  /** Everybody closes its stream; resolves when the round has said of each what it paid. In sats, with what was sent. */
  async leave(): Promise<{ readonly sentSats: number; readonly paidSats: number }> {
    const all = this.#wait(this.viewers.length);
    for (const viewer of this.viewers) viewer.leave();
    await all;
    const sum = (of: (viewer: PayingViewer) => number): number =>
      this.viewers.reduce((total, viewer) => total + of(viewer), 0);
    // ENDED says what the ledger has; it acknowledges all that was sent only if that is the same.
    return {
      sentSats: sum(({ purse }) => purse.revealedSats),
      paidSats: sum(({ purse }) => purse.acknowledgedSats),
    };
  }

  async #connect(from: number, to: number): Promise<void> {
    const all = this.#wait(to - from);
    for (const viewer of this.viewers.slice(from, to)) viewer.connect();
    await all;
  }

  #wait(count: number): Promise<void> {
    this.#waitingFor = count;
    return new Promise((resolve) => {
      this.#allThere = resolve;
    });
  }

  #arrived(): void {
    this.#waitingFor--;
    if (this.#waitingFor === 0) this.#allThere();
  }

  #host(): ViewerHost {
    return {
      counts: this.counts,
      nowMs: () => performance.now(),
      attached: () => this.#arrived(),
      giftAcknowledged: () => undefined,
      state: (viewer, frame) => {
        if (frame[0] !== FRAME.KEYFRAME) return;
        viewer.sendRaw(encodeClient({ type: FRAME.LEAVE, handle: u32At(frame, 1) }));
      },
      refused: (_viewer, code) => void this.failures.push(code),
      ended: () => this.#arrived(),
      closed: (viewer, code, reason) => {
        if (!viewer.isOver) this.failures.push(`closed ${code} ${reason}`);
      },
    };
  }
}
