/** Other viewers of the battle that the browser looks at: real ones, in this process. */
import { nodePlatform } from '../../src/cli/node-client.ts';
import { Api } from '../../src/client/api.ts';
import { newIdentity } from '../../src/client/identity.ts';
import { Viewer } from '../../src/client/viewer.ts';
import type { RoundId } from '../../src/core/ids.ts';

const NAMES = ['Ida', 'Noor', 'Teo', 'Wanda', 'Oskar', 'Lin'];
const GIFTS_SATS = [250, 1_000, 40, 2_100, 75, 500];

export interface Crowd {
  leave(): void;
}

/** Everybody watches somebody, claps and votes; each gives one gift. */
export async function seatCrowd(input: {
  readonly apiUrl: string;
  readonly wsUrl: string;
  readonly roundId: RoundId;
}): Promise<Crowd> {
  const api = new Api({ baseUrl: input.apiUrl });
  const viewers = await Promise.all(
    NAMES.map(async (name, index) => {
      const identity = newIdentity(nodePlatform);
      const funded = await api.fundDevAccount({ account: identity.account, sats: 50_000 });
      if (!funded.ok) throw new Error(`the faucet refused: ${funded.code}`);
      const viewer = new Viewer({
        url: input.wsUrl,
        identity,
        platform: nodePlatform,
        name,
        giftBudgetSats: 5_000,
      });
      await viewer.connect();
      await viewer.follow(input.roundId);
      const target = index % 3 === 2 ? 1 : 0;
      await viewer.watch(target);
      viewer.on('state', ({ state, delta }) => {
        if (state.phase !== 'live' || delta?.phase !== 'live') return;
        void viewer.clap(target, 3 + index);
        void viewer.voteFor(target);
        void viewer.gift(target, GIFTS_SATS[index] ?? 10);
      });
      return viewer;
    }),
  );
  return {
    leave() {
      for (const viewer of viewers) viewer.close();
    },
  };
}
