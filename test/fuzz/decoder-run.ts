/** Runs decoder targets: in turns, so that memory is watched over all of them and none starves the others. */
import { toHex } from '../../src/core/bytes.ts';
import { Prng } from '../../src/core/prng.ts';
import { MemoryWatch, type MemoryReport, ownMemory } from './memory.ts';
import { mutated, pick } from './mutate.ts';
import { type CaseOutcome, Finding, type Target, insist } from './target.ts';

/** Growth of a heap that was collected, over the whole run, and of the process around it. */
const MEMORY_BOUNDS = { heapMiBMax: 8, rssMiBMax: 160 };
/** Each target is visited so many times; memory is sampled after each round. */
const LAPS = 12;
const SHAPED_SHARE = 0.5;
/** One case; on a busy machine the best of three has to be below. */
const CASE_MS_MAX = 250;
/** After so many a target is left alone: the next thousand would say the same. */
const FAILURES_MAX = 5;

export interface Failure {
  readonly target: string;
  readonly seed: number;
  readonly finding: string;
  readonly hex: string;
}

export interface TargetReport {
  readonly name: string;
  readonly cases: number;
  readonly casesPerSecond: number;
  readonly accepted: number;
  readonly refused: number;
  readonly failures: number;
}

export interface DecoderRun {
  readonly targets: readonly TargetReport[];
  readonly failures: readonly Failure[];
  readonly memory: MemoryReport;
}

/** Runs the input once; a Finding or a throw that nobody documents is the finding's text. */
export function findingOf(target: Target, input: Uint8Array): { outcome?: CaseOutcome; finding?: string } {
  try {
    return { outcome: timed(target, input) };
  } catch (error) {
    if (error instanceof Finding) return { finding: error.message };
    return { finding: `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` };
  }
}

function timed(target: Target, input: Uint8Array): CaseOutcome {
  let bestMs = Number.POSITIVE_INFINITY;
  for (let attempt = 1; ; attempt++) {
    const startMs = performance.now();
    const outcome = target.run(input);
    bestMs = Math.min(bestMs, performance.now() - startMs);
    if (bestMs < CASE_MS_MAX) return outcome;
    insist(attempt < 3, `took ${Math.round(bestMs)} ms for ${input.length} bytes`);
  }
}

/** A target with its random numbers and its counts. */
class Bench {
  readonly target: Target;
  readonly failures: Failure[] = [];
  readonly #failuresMax: number;
  readonly #random: Prng;
  readonly #corpus: readonly Uint8Array[];
  #accepted = 0;
  #refused = 0;
  #ms = 0;

  constructor(target: Target, seed: number, failuresMax: number) {
    this.target = target;
    this.#failuresMax = failuresMax;
    this.#random = new Prng(seed);
    this.#corpus = target.corpus(new Prng(seed ^ 0x5eed));
    for (const input of this.#corpus) if (this.failures.length < failuresMax) this.#try(input, seed);
  }

  spend(ms: number): void {
    const startMs = performance.now();
    while (performance.now() - startMs < ms && this.failures.length < this.#failuresMax) {
      const seed = this.#random.u32();
      this.#try(this.#input(new Prng(seed)), seed);
    }
    this.#ms += performance.now() - startMs;
  }

  report(): TargetReport {
    const cases = this.#accepted + this.#refused + this.failures.length;
    return {
      name: this.target.name,
      cases,
      casesPerSecond: Math.round(cases / Math.max(0.001, this.#ms / 1000)),
      accepted: this.#accepted,
      refused: this.#refused,
      failures: this.failures.length,
    };
  }

  #input(random: Prng): Uint8Array {
    const { shape } = this.target;
    const shaped =
      shape !== undefined && random.chance(SHAPED_SHARE)
        ? shape(pick(random, this.#corpus), random)
        : undefined;
    return shaped ?? mutated(random, this.#corpus);
  }

  #try(input: Uint8Array, seed: number): void {
    const { outcome, finding } = findingOf(this.target, input);
    if (outcome === 'accepted') this.#accepted++;
    if (outcome === 'refused') this.#refused++;
    if (finding !== undefined) {
      this.failures.push({ target: this.target.name, seed, finding, hex: toHex(input) });
    }
  }
}

export function runDecoders(
  targets: readonly Target[],
  seconds: number,
  seed: number,
  failuresMax: number = FAILURES_MAX,
): DecoderRun {
  const benches = targets.map((target, no) => new Bench(target, (seed + no * 7919) >>> 0, failuresMax));
  const memory = new MemoryWatch(MEMORY_BOUNDS);
  const sliceMs = (seconds * 1000) / LAPS / Math.max(1, benches.length);
  for (let lap = 0; lap < LAPS; lap++) {
    for (const bench of benches) bench.spend(sliceMs);
    memory.add(ownMemory());
  }
  return {
    targets: benches.map((bench) => bench.report()),
    failures: benches.flatMap((bench) => bench.failures),
    memory: memory.report(),
  };
}
