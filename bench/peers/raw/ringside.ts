/** Ringside's protocol: the paying viewer of the load tester, with its messages counted by kind. */
import { PayingViewer, type ViewerHost } from '../../../loadtest/wire/paying-viewer.ts';
import { newPerson } from '../../../loadtest/wire/person.ts';
import type { PurseBudget } from '../../../loadtest/wire/purse.ts';
import type { ViewerRound } from '../../../loadtest/wire/viewer-setup.ts';
import { WS_PATH } from '../../../src/core/limits.ts';
import { FRAME, SUBPROTOCOL } from '../../../src/protocol/messages.ts';
import { ROUND_ID, type Received, TARGET, giftSats } from '../scenario.ts';
import type { RawCrowd, RawViewer } from './raw-viewer.ts';

const ROUND: ViewerRound = {
  roundId: ROUND_ID,
  participants: 2,
  rateSatsPerSecond: 1,
  startsAtMs: 0,
  endsAtMs: Number.POSITIVE_INFINITY,
};

export function ringsideCrowd(viewers: number, wordsEach: number): RawCrowd {
  const budget: PurseBudget = { watchWords: wordsEach, giftSats: [] };
  const people = Array.from({ length: viewers }, () => newPerson());
  return {
    accounts: people.map(({ account }) => account),
    async join(index, { host, port }, received) {
      const person = people[index];
      if (person === undefined) throw new Error(`there is no viewer ${index}`);
      const target = { host, port, path: WS_PATH, subprotocol: SUBPROTOCOL };
      const setup = {
        target,
        person,
        name: String(index),
        round: ROUND,
        budget,
        watching: TARGET,
        probe: false,
      };
      const attached = Promise.withResolvers<void>();
      const viewer = new PayingViewer(setup, hostOf(received, attached.resolve));
      viewer.connect();
      await attached.promise;
      return rawViewer(viewer);
    },
  };
}

function rawViewer(viewer: PayingViewer): RawViewer {
  return {
    pay: () => viewer.reveal(1),
    gift: (no) => viewer.gift(TARGET, giftSats(no), 0),
  };
}

/** Nothing is refused in this scenario and nobody leaves: whatever else happens ends the run. */
function hostOf(received: Received, attached: () => void): ViewerHost {
  return {
    counts: { words: 0, deliveries: 0, deliveredBytes: 0 },
    nowMs: () => performance.now(),
    received(bytes, from, to) {
      const type = bytes[from];
      received.bytes += to - from;
      // A frame with a gift is a state with one row more: it counts once.
      if (type === FRAME.DELTA || type === FRAME.KEYFRAME) received.states++;
      else received.others++;
    },
    attached,
    giftAcknowledged: () => undefined,
    state: () => undefined,
    refused: (_, code) => fail(`refused: ${code}`),
    ended: (_, reason) => fail(`the stream ended: ${reason}`),
    closed: (_, code, reason) => fail(`closed: ${code} ${reason}`),
  };
}

function fail(what: string): never {
  throw new Error(`Ringside ${what}`);
}
