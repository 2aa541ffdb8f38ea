/**
 * Bounds of one round that are not rules a client has to know (those are LIMITS). Together with the weights
 * that `checkTerms` allows they keep every score far below 2^53:
 * 10^12 x 1000 + 200,000 x 10^9 + 200,000 x 10^6 x 1000 < 2 x 10^15.
 */
export const ROUND_BOUNDS = {
  /** Sats held and paid by all streams together. */
  committedSatsMax: 1_000_000_000_000,
  /** Claps of one stream for one participant. */
  clapsPerTargetMax: 1_000_000,
  /** OPENs whose hold the store has not answered. */
  pendingOpensMax: 10_000,
  satsWeightMax: 1_000,
  voteWeightMax: 1_000_000_000,
  clapWeightMax: 1_000,
  /** From start to scheduled end: seven days. */
  durationMsMax: 604_800_000,
  closingMsMax: 60_000,
  overtimeMsMax: 600_000,
  extensionsMax: 100,
  heightMax: 0xffff_ffff,
  /** Transactions of one settlement whose ids are shown and kept. */
  txidsMax: 1_000,
  cancelReasonCharsMax: 200,
} as const;

/** Cadences of the actor, milliseconds. */
export const CADENCE = {
  /** Between two frames, at least. */
  frameMs: 50,
  /**
   * What frames may cost a round, in deliveries, that only show what many viewers do all the time: claps, votes, changes
   * of place, coming and going.
   */
  stirDeliveriesPerSecond: 15_000,
  /** Between two frames that only correct what clients extrapolate. */
  driftMs: 1_000,
  /** Between two lists of supporters that moved by watching alone. */
  supportersMs: 5_000,
  /** Between the starts of two saves. */
  saveMs: 25,
  /**
   * The same while nobody waits for one: words of watching are acknowledged after seconds, and should they be lost with
   * the engine, the viewer's next word proves them. With many rounds most of the cost of a save is that there is one.
   */
  quietSaveMs: 200,
  /** Until somebody says otherwise (input `pace`). */
  payEveryMs: 1_000,
  /** Between two refusals of one kind of message with one code for one stream. */
  refusalMs: 1_000,
  /** An end noticed later than this (the engine was down) still leaves viewers the whole of `closing`. */
  lateEndMs: 1_000,
} as const;

/**
 * When a snapshot replaces segments: after so many, or when they outweigh the snapshot before so many times. Of 15,000
 * streams it takes 4 to 5 ms, during which words wait, and to restore it 50 to 60 ms, with as much again in segments some 10 more.
 */
export const SNAPSHOT_AFTER = { segments: 4_096, bytesMin: 1_048_576, snapshots: 1 } as const;
