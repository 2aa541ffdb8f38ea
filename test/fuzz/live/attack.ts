/** Many attackers at once: sessions on the edge and calls of the API, until they are told to stop. */
import { Api } from '../../../src/client/api.ts';
import { fromHex } from '../../../src/core/bytes.ts';
import { Prng } from '../../../src/core/prng.ts';
import { WireViewer } from '../../../src/edge/testing/wire-viewer.ts';
import { readVectors } from '../../protocol/vector-file.ts';
import { pick } from '../mutate.ts';
import { Finding } from '../target.ts';
import { type ApiCounts, attackApi } from './api-attack.ts';
import type { Reach } from './engine.ts';
import { AttackSession, type Puppet } from './session.ts';
import { STEPS, ownFrames } from './session-steps.ts';

export type LiveTarget = 'sessions' | 'api';

export interface AttackOptions {
  readonly reach: Reach;
  readonly roundId: string;
  readonly seed: number;
  readonly targets: readonly LiveTarget[];
  readonly ms: number;
  /** A session or call with exactly this seed, once. */
  readonly replay?: number;
}

export interface LiveFailure {
  readonly target: LiveTarget;
  readonly seed: number;
  readonly finding: string;
  readonly transcript: readonly string[];
}

export interface AttackReport {
  readonly targets: readonly {
    readonly name: LiveTarget;
    readonly cases: number;
    readonly accepted: number;
    readonly refused: number;
    readonly failures: number;
  }[];
  readonly failures: readonly LiveFailure[];
}

const SESSIONS_AT_ONCE = 24;
const CALLERS = 3;
const PUPPETS = 10;
const NEW_PUPPET_SHARE = 0.15;
const PAUSE_MS = 10;
const CALL_PAUSE_MS = 15;
const FAILURES_MAX = 8;

export async function attack(options: AttackOptions): Promise<AttackReport> {
  const untilMs = performance.now() + options.ms;
  const failures: LiveFailure[] = [];
  const sessions = { cases: 0, accepted: 0, refused: 0 };
  const api: ApiCounts = { accepted: 0, refused: 0, rounds: 0 };
  const goesOn = (): boolean => performance.now() < untilMs && failures.length < FAILURES_MAX;
  const puppets = await Promise.all(Array.from({ length: PUPPETS }, () => fundedPuppet(options.reach)));

  const runSession = async (seed: number): Promise<void> => {
    const random = new Prng(seed);
    // A stream id is used once, so puppets wear out.
    if (random.chance(NEW_PUPPET_SHARE)) {
      puppets[random.below(PUPPETS)] = await fundedPuppet(options.reach);
    }
    const puppet = random.chance(0.85) ? pick(random, puppets) : newPuppet();
    const session = new AttackSession(
      {
        port: options.reach.edgePort,
        roundId: options.roundId,
        puppet,
        corpus: [...vectorFrames, ...ownFrames(options.roundId, puppet)],
        steps: STEPS,
        pauseMs: PAUSE_MS,
      },
      random,
    );
    await found(failures, { target: 'sessions', seed, transcript: session.transcript }, () => session.run());
    sessions.cases += session.counts.steps;
    sessions.accepted += session.counts.accepted;
    sessions.refused += session.counts.refused;
  };
  const runCall = async (seed: number): Promise<void> => {
    const transcript: string[] = [];
    await found(failures, { target: 'api', seed, transcript }, () =>
      attackApi(options.reach, new Prng(seed), api, (text) => transcript.push(text)),
    );
  };

  if (options.replay !== undefined) {
    await (options.targets.includes('api') ? runCall : runSession)(options.replay);
  } else {
    const random = new Prng(options.seed);
    const loop = async (run: (seed: number) => Promise<void>, pauseMs: number): Promise<void> => {
      while (goesOn()) {
        await run(random.u32());
        await new Promise((resolve) => void setTimeout(resolve, pauseMs));
      }
    };
    const loops: Promise<void>[] = [];
    if (options.targets.includes('sessions')) {
      for (let no = 0; no < SESSIONS_AT_ONCE; no++) loops.push(loop(runSession, PAUSE_MS));
    }
    if (options.targets.includes('api')) {
      for (let no = 0; no < CALLERS; no++) loops.push(loop(runCall, CALL_PAUSE_MS));
    }
    await Promise.all(loops);
  }
  const failed = (name: LiveTarget): number => failures.filter(({ target }) => target === name).length;
  const counts = { sessions, api: { ...api, cases: api.accepted + api.refused } };
  return {
    targets: options.targets.map((name) => {
      const { cases, accepted, refused } = counts[name];
      return { name, cases, accepted, refused, failures: failed(name) };
    }),
    failures,
  };
}

async function found(
  failures: LiveFailure[],
  about: Omit<LiveFailure, 'finding'>,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    const finding =
      error instanceof Finding
        ? error.message
        : error instanceof Error
          ? (error.stack ?? error.message)
          : 'threw';
    failures.push({ ...about, finding });
  }
}

const vectorFrames = ((): Uint8Array[] => {
  const { clientFrames, clientAlternatives, malformedFrames } = readVectors();
  return [...clientFrames, ...clientAlternatives, ...malformedFrames].map(({ hex }) => fromHex(hex));
})();

function newPuppet(): Puppet {
  return { viewer: new WireViewer(), tips: [0, 0] };
}

async function fundedPuppet(reach: Reach): Promise<Puppet> {
  const puppet = newPuppet();
  const { account } = puppet.viewer;
  const funded = await new Api({ baseUrl: reach.apiUrl }).fundDevAccount({ account, sats: 1_000_000 });
  if (!funded.ok) throw new Error(funded.message);
  return puppet;
}
