/**
 * Limits that are part of the rules, in one place: a client may rely on them and PROTOCOL.md lists them.
 * Limits an operator may change are settings (`config.ts`).
 */

/** Where an edge takes WebSockets. */
export const WS_PATH = '/v1/ws';

export const LIMITS = {
  participantsMin: 2,
  participantsMax: 16,
  titleCharsMax: 80,
  nameCharsMax: 32,
  /** Chains of one commitment. */
  chainsMax: 4,
  /** Words of one chain. */
  chainLengthMax: 1_000_000,
  unitSatsMax: 100_000_000,
  rateSatsPerSecondMax: 1_000,
  /** Hash steps one watch word may be ahead of the last: a viewer returning after a gap catches up. */
  watchStepMax: 600,
  /** Hash steps one chain record of a gift may be ahead. */
  giftStepMax: 2_000,
  /** Streams of one round. */
  streamsPerRoundMax: 200_000,
  /** Streams that one connection has attached at a time. */
  streamsPerConnectionMax: 8,
  /** Rounds that one connection follows at a time. */
  roundsPerConnectionMax: 8,
  /** Free watch seconds of clock difference and network jitter. */
  watchGraceSeconds: 5,
  /** Sustained claps per second and viewer, and how many may come at once. */
  clapsPerSecond: 12,
  clapsBurst: 60,
  supportersShown: 10,
  giftsShown: 20,
  /** Bad words after which a connection is closed. */
  badWordsMax: 3,
  commitmentBytesMax: 512,
  prizeRanksMax: 16,
  prizeSupportersMax: 50,
  /** Outputs of one settlement transaction. */
  outputsPerTransactionMax: 2_000,
} as const;
