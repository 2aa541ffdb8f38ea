/** What a load test is asked to do: filled in by the command line (`cli/`), done by the generator (`generator/`). */

/** Shares are from 0 to 1. */
export interface LoadOptions {
  /** Origin of the API of an engine that runs, without `/v1`. Null: one is started for the run, and removed after it. */
  readonly url: string | null;
  /** Needed with `url`: rounds are created. */
  readonly adminToken: string | null;
  readonly viewers: number;
  /** Connecting is spread over this time. */
  readonly rampSeconds: number;
  /** Of full load, after the ramp. */
  readonly seconds: number;
  /** Words a second of each viewer: below 1 less often than the protocol asks, above 1 more often. */
  readonly rate: number;
  /** By all viewers together. */
  readonly giftsPerSecond: number;
  /** By all viewers together. */
  readonly clapsPerSecond: number;
  /** Of the viewers that vote, once. */
  readonly votesShare: number;
  /** How often each viewer turns to another participant; 0: never. */
  readonly switchEverySeconds: number;
  /** Share of the viewers that, in a minute, go: half of them come back a second later, half are replaced. */
  readonly churnPerMinute: number;
  /** When, in seconds of full load, everybody loses the connection at once; null: never. */
  readonly reconnectStormAtSeconds: number | null;
  /** Share of viewers that read nothing until the end. */
  readonly slowReaders: number;
  /** Every viewer reads at once; false: those that nothing is timed of read every few seconds, so that reading costs less. */
  readonly readAtOnce: boolean;
  /** Share of viewers that send words that are none, garbage and floods, besides paying. */
  readonly misbehaving: number;
  /** Viewers are spread over this many rounds. */
  readonly rounds: number;
  /** Of each round. */
  readonly participants: number;
  /** Of the generator; 0: as open files and cores ask for. */
  readonly processes: number;
  /** What everybody does when follows from it. */
  readonly seed: number;
  /** Settings of an engine that is started, as flags: `['--edge-threads', '2']`. */
  readonly engineFlags: readonly string[];
  /** Flags of Node for the engine that is started, and for the generator's processes: `['--cpu-prof']`. */
  readonly engineNodeFlags: readonly string[];
  readonly generatorNodeFlags: readonly string[];
}

export const LOAD_DEFAULTS: LoadOptions = {
  url: null,
  adminToken: null,
  viewers: 500,
  rampSeconds: 5,
  seconds: 20,
  rate: 1,
  giftsPerSecond: 2,
  clapsPerSecond: 20,
  votesShare: 0.1,
  switchEverySeconds: 0,
  churnPerMinute: 0.1,
  reconnectStormAtSeconds: null,
  slowReaders: 0,
  readAtOnce: false,
  misbehaving: 0,
  rounds: 1,
  participants: 2,
  processes: 0,
  seed: 1,
  engineFlags: [],
  engineNodeFlags: [],
  generatorNodeFlags: [],
};
