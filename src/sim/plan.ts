/** What a run is like: everything that is decided once, from the seed. */
import { accountOfPublicKey } from '../core/account-key.ts';
import { utf8 } from '../core/bytes.ts';
import type { AccountId, ParticipantId, RoundId } from '../core/ids.ts';
import { ripemd160, sha256 } from '../platform/hash.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import type { RoundTerms } from '../round/terms.ts';
import type { Chance } from './chance.ts';
import { EPOCH_MS } from './sim-clock.ts';

export interface StorePlan {
  readonly delayMs: number;
  readonly syncMs: number;
  readonly failChance: number;
  /** Applied, and the caller hears of a timeout. */
  readonly doubtChance: number;
  readonly stallChance: number;
  readonly stallMs: number;
  /** Another machine: what a dead process has sent may still be applied. */
  readonly remote: boolean;
  /** The caller is told that a write is in doubt, and it is applied up to `lateMs` later. Remote only. */
  readonly lateChance: number;
  /** The same of a write to several records: many commands, each of which may be the one that is late. */
  readonly lateManyChance: number;
  readonly lateMs: number;
  /** Records of a list are read within so long, not all at one moment; 0: they are. Remote only. */
  readonly tornMs: number;
}

export interface NetPlan {
  readonly delayMs: number;
  /** Unsent bytes of one connection that the operating system takes before the engine sees any. */
  readonly windowBytes: number;
  readonly maxBackpressureBytes: number;
  readonly idleTimeoutMs: number;
}

export interface ChainPlan {
  readonly blockMs: number;
  readonly delayMs: number;
  readonly lostAnswerChance: number;
  readonly unknownChance: number;
  readonly refusedChance: number;
  readonly reorgChance: number;
}

/** Mean times between faults, milliseconds of virtual time; 0: never. */
export interface FaultPlan {
  readonly killShardMs: number;
  readonly killEdgeMs: number;
  readonly killProcessMs: number;
  readonly stopProcessMs: number;
  readonly powerLossMs: number;
  /** Of the server of a remote store: what was not synced is gone, and the engine lives on. */
  readonly killServerMs: number;
  readonly storeOutageMs: number;
  readonly zombieMs: number;
  readonly usurpMs: number;
  readonly pauseMs: number;
  readonly clockStepMs: number;
  readonly dropConnectionMs: number;
  readonly halfOpenMs: number;
  readonly slowReaderMs: number;
  /** A thread says for some seconds that it is busy, so that viewers are asked for words less often. */
  readonly overloadMs: number;
}

export interface ViewerPlan {
  readonly kind: 'honest' | 'liar';
  readonly driftPpm: number;
  readonly offsetMs: number;
  readonly giftBudgetSats: number;
  readonly watchSecondsMax: number;
  readonly fundsSats: number;
  /** Mean time between two things that the viewer does. */
  readonly actEveryMs: number;
  /** Index of the round it begins with. */
  readonly round: number;
}

export interface RoundPlan {
  readonly terms: RoundTerms;
  /** When an operator starts it by hand, or cancels it; null: never. */
  readonly startAtMs: number | null;
  readonly cancelAtMs: number | null;
}

export interface RunPlan {
  readonly shards: number;
  readonly edges: number;
  readonly driftPpm: number;
  readonly linkDelayMs: number;
  readonly mailbox: { readonly rowsMax: number; readonly inputsMax: number };
  readonly store: StorePlan;
  readonly net: NetPlan;
  readonly chain: ChainPlan;
  readonly faults: FaultPlan;
  /** Virtual time at which faults stop. */
  readonly calmAtMs: number;
  readonly rounds: readonly RoundPlan[];
  readonly viewers: readonly ViewerPlan[];
}

/** A round that could not be made by so long after its start is not made any more. */
export const MAKE_ROUND_WITHIN_MS = 3_000;

/** When the operator has begun everything that it had to do. */
export function operatedUntilMs(plan: RunPlan): number {
  return Math.max(
    ...plan.rounds.map(({ terms, cancelAtMs }) =>
      Math.max(terms.startsAtMs - EPOCH_MS + MAKE_ROUND_WITHIN_MS, cancelAtMs ?? 0),
    ),
  );
}

/** Last moment at which a round of a plan may end by itself: the longest overtime included. */
export function lastEndMs(plan: RunPlan): number {
  return Math.max(
    ...plan.rounds.map(({ terms }) => {
      const { end, overtime, closingMs, startsAtMs } = terms;
      const atMs = end.kind === 'time' ? end.atMs : startsAtMs + 60_000;
      return (
        atMs - EPOCH_MS + closingMs + (overtime === null ? 0 : overtime.extendMs * overtime.extensionsMax)
      );
    }),
  );
}

export function planRun(chance: Chance): RunPlan {
  const calm = chance.chance(0.1);
  const rounds = Array.from({ length: chance.pick([1, 1, 1, 2, 2, 3]) }, (_, no) => planRound(chance, no));
  const endMs = Math.max(
    ...rounds.map(({ terms }) => (terms.end.kind === 'time' ? terms.end.atMs - EPOCH_MS : 0)),
    20_000,
  );
  const net: NetPlan = {
    delayMs: chance.pick([1, 5, 20, 80]),
    windowBytes: chance.pick([2_048, 16_384]),
    maxBackpressureBytes: chance.pick([2_048, 16_384, 65_536]),
    idleTimeoutMs: chance.pick([8_000, 30_000]),
  };
  const plan: RunPlan = {
    shards: chance.pick([1, 1, 2, 3]),
    edges: chance.pick([1, 2, 2, 3]),
    driftPpm: chance.between(-200, 200),
    linkDelayMs: chance.pick([0.05, 0.5, 3]),
    mailbox: chance.chance(0.25)
      ? { rowsMax: chance.between(2, 12), inputsMax: chance.between(1, 6) }
      : { rowsMax: 4_096, inputsMax: 1_024 },
    store: planStore(chance, calm),
    net,
    chain: planChain(chance, calm),
    faults: planFaults(chance, calm),
    calmAtMs: chance.between(Math.floor(endMs / 2), endMs + 20_000),
    rounds,
    viewers: Array.from({ length: chance.between(2, 7) }, () => planViewer(chance, rounds.length)),
  };
  if (calm) return plan;
  // Chances of their own, so that what is drawn from them moves nothing of the above.
  const faulty = plan.store.remote ? withRemoteFaults(plan, chance.fork()) : plan;
  const own = chance.fork();
  const overloadMs = own.chance(0.3) ? own.pick([5_000, 15_000]) : 0;
  return { ...faulty, faults: { ...faulty.faults, overloadMs } };
}

/** What can only fail where the store is a cluster on other machines: docs/AEROSPIKE.md. */
function withRemoteFaults(plan: RunPlan, chance: Chance): RunPlan {
  const { store, faults } = plan;
  const every = (share: number, ...meansMs: readonly number[]): number =>
    chance.chance(share) ? chance.pick(meansMs) : 0;
  return {
    ...plan,
    store: {
      ...store,
      lateChance: chance.chance(0.7) ? chance.pick([0.01, 0.05, 0.2]) : 0,
      lateManyChance: chance.chance(0.6) ? chance.pick([0.05, 0.2, 0.6]) : 0,
      lateMs: chance.pick([300, 2_000, 8_000]),
      tornMs: chance.chance(0.6) ? chance.pick([2, 20, 200]) : 0,
    },
    faults: {
      ...faults,
      killServerMs: every(0.4, 4_000, 10_000, 25_000),
      storeOutageMs: every(0.4, 5_000, 12_000, 25_000),
    },
  };
}

function planStore(chance: Chance, calm: boolean): StorePlan {
  const rough = !calm && chance.chance(0.6);
  return {
    delayMs: chance.pick([0.2, 1, 5, 20]),
    syncMs: chance.pick([0.5, 3, 15]),
    failChance: rough ? chance.pick([0.002, 0.02, 0.1]) : 0,
    doubtChance: rough ? chance.pick([0.002, 0.02, 0.1]) : 0,
    stallChance: rough ? chance.pick([0, 0.005, 0.03, 0.1]) : 0,
    stallMs: chance.pick([1_000, 5_000, 15_000]),
    remote: chance.chance(0.4),
    lateChance: 0,
    lateManyChance: 0,
    lateMs: 0,
    tornMs: 0,
  };
}

function planChain(chance: Chance, calm: boolean): ChainPlan {
  const rough = !calm && chance.chance(0.5);
  return {
    blockMs: chance.pick([2_000, 5_000, 10_000]),
    delayMs: chance.pick([2, 50, 400]),
    lostAnswerChance: rough ? chance.pick([0.05, 0.3]) : 0,
    unknownChance: rough ? chance.pick([0.05, 0.3]) : 0,
    refusedChance: rough ? chance.pick([0.05, 0.3]) : 0,
    reorgChance: rough ? chance.pick([0, 0.1, 0.3]) : 0,
  };
}

function planFaults(chance: Chance, calm: boolean): FaultPlan {
  const haste = chance.pick([1, 1, 1, 3, 8]);
  const every = (share: number, ...meansMs: readonly number[]): number =>
    !calm && chance.chance(share) ? chance.pick(meansMs) / haste : 0;
  return {
    killShardMs: every(0.5, 3_000, 8_000, 20_000),
    killEdgeMs: every(0.4, 5_000, 12_000, 25_000),
    killProcessMs: every(0.4, 8_000, 15_000, 30_000),
    stopProcessMs: every(0.15, 15_000, 30_000),
    powerLossMs: every(0.25, 10_000, 25_000),
    killServerMs: 0,
    storeOutageMs: 0,
    zombieMs: every(0.3, 6_000, 15_000, 30_000),
    usurpMs: every(0.25, 6_000, 15_000, 30_000),
    pauseMs: every(0.3, 2_000, 6_000),
    clockStepMs: every(0.2, 5_000, 15_000),
    dropConnectionMs: every(0.6, 1_000, 4_000, 10_000),
    halfOpenMs: every(0.3, 4_000, 10_000),
    slowReaderMs: every(0.3, 2_000, 6_000),
    overloadMs: 0,
  };
}

function planRound(chance: Chance, no: number): RoundPlan {
  const lobbyMs = chance.between(200, 3_000) + no * chance.between(0, 4_000);
  const startsMs = lobbyMs + chance.between(500, 5_000);
  const endsMs = startsMs + chance.between(6_000, 35_000);
  const roundId = `sim-${no}` as RoundId;
  const participants = Array.from({ length: chance.pick([2, 2, 3, 5]) }, (_, at) => ({
    id: `p${at}` as ParticipantId,
    name: `P ${at}`,
    account: accountOf(`${roundId}/p${at}`),
  }));
  const terms: RoundTerms = {
    roundId,
    network: 'dev',
    title: `Round ${no}`,
    participants,
    lobbyAtMs: EPOCH_MS + lobbyMs,
    startsAtMs: EPOCH_MS + startsMs,
    end: { kind: 'time', atMs: EPOCH_MS + endsMs },
    rateSatsPerSecond: chance.pick([1, 1, 3, 10, 25]),
    directBps: chance.between(4_000, 4_500),
    prize: planPrize(chance),
    scoring: {
      satsWeight: chance.between(0, 20),
      voteWeight: chance.between(0, 500),
      clapWeight: chance.between(0, 5),
    },
    overtime: chance.chance(0.4)
      ? {
          windowMs: chance.between(1_000, 5_000),
          extendMs: chance.between(1_000, 4_000),
          extensionsMax: chance.between(1, 3),
        }
      : null,
    closingMs: chance.pick([200, 1_000, 2_000, 5_000]),
    payoutMinSats: chance.pick([1, 20, 546]),
    platformAccount: accountOf('platform'),
  };
  const byHeight = chance.chance(0.1);
  return {
    terms: byHeight
      ? { ...terms, overtime: null, end: { kind: 'height', height: chance.between(2, 6) } }
      : terms,
    startAtMs: chance.chance(0.15) ? chance.between(lobbyMs, startsMs) : null,
    cancelAtMs: chance.chance(0.25) ? chance.between(lobbyMs, endsMs + 2_000) : null,
  };
}

/** Basis points that together are the whole, the first rank above zero. */
function planPrize(chance: Chance): RoundTerms['prize'] {
  const ranks = chance.between(1, 4);
  const supporters = chance.between(0, 3);
  const cuts = Array.from({ length: ranks + supporters }, () => chance.between(1, 9_999)).toSorted(
    (a, b) => a - b,
  );
  const parts = [...cuts, 10_000].map((cut, at) => cut - (cuts[at - 1] ?? 0));
  const [first = 1, ...rest] = parts;
  return {
    rankBps: [first, ...rest.slice(0, ranks - 1)],
    supporterBps: rest.slice(ranks - 1, ranks - 1 + supporters),
    platformBps: rest.at(-1) ?? 0,
  };
}

function planViewer(chance: Chance, rounds: number): ViewerPlan {
  return {
    kind: chance.chance(0.25) ? 'liar' : 'honest',
    driftPpm: chance.between(-300, 300),
    offsetMs: chance.pick([0, 0, 50, -50, 3_000, -3_000, 60_000]),
    giftBudgetSats: chance.pick([50, 400, 2_500, 8_000]),
    watchSecondsMax: chance.pick([4, 15, 60]),
    fundsSats: chance.pick([60, 2_000, 30_000, 200_000]),
    actEveryMs: chance.pick([300, 800, 2_500]),
    round: chance.below(rounds),
  };
}

function accountOf(name: string): AccountId {
  return accountOfPublicKey(nativeSignatures.publicKey(sha256(utf8(name))), { sha256, ripemd160 });
}
