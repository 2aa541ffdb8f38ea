/** Gathers the evidence of a run: waits for every round, asks for receipts and balances, and reads the chain. */
import type { AccountEvidence, Evidence, RoundEvidence } from './evidence.ts';
import type { FrameLog } from './frame-log.ts';
import type { Office, OfficeRound } from './office.ts';
import { poll } from './patience.ts';
import { readChain } from './store-watch.ts';

const SETTLED_WITHIN_MS = 180_000;

/** `stop`: the engine, before its files are read. */
export async function evidenceOf(run: {
  readonly office: Office;
  readonly log: FrameLog;
  readonly dataDir: string;
  readonly stop: () => Promise<void>;
}): Promise<Evidence> {
  const { office, log, dataDir } = run;
  const rounds = await Promise.all(office.rounds.map((round) => settled(office, round)));
  const accounts = await accountsOf(office);
  await run.stop();
  return { streams: log.streams, rounds, accounts, chain: await readChain(dataDir) };
}

/** Waits for the last state of a round, and takes its receipt. */
async function settled(office: Office, round: OfficeRound): Promise<RoundEvidence> {
  const { roundId } = round;
  const done = await poll(
    async (): Promise<RoundEvidence | undefined> => {
      const { phase } = await office.refresh(round);
      if (phase !== 'settled' && phase !== 'cancelled') return undefined;
      const receipt = await office.api.receipt(roundId);
      if (receipt.ok) return { roundId, phase, receipt: Buffer.from(receipt.data).toString('utf8') };
      return phase === 'cancelled' ? { roundId, phase, receipt: null } : undefined;
    },
    { timeoutMs: SETTLED_WITHIN_MS, everyMs: 200 },
  );
  return done ?? { roundId, phase: round.phase, receipt: null };
}

function accountsOf(office: Office): Promise<AccountEvidence[]> {
  const accounts = new Set([...office.fundedSats.keys(), ...office.participants]);
  return Promise.all(
    [...accounts].map(async (account) => {
      const { availableSats, heldSats, earnedSats } = await office.insist(() => office.api.balances(account));
      const fundedSats = office.fundedSats.get(account) ?? 0;
      return { account, fundedSats, availableSats, heldSats, earnedSats };
    }),
  );
}
