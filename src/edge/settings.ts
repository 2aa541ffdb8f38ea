/** What an operator decides about an edge thread; the keys and units are those of the engine's settings. */
import type { Network } from '../voucher/types.ts';

export interface EdgeSettings {
  readonly network: Network;
  /** Origins of pages that may connect; '*' alone: any. Empty: the host name the edge was reached by. */
  readonly allowedOrigins: readonly string[];
  /** Take the client's address from the last entry of X-Forwarded-For. */
  readonly trustProxy: boolean;
  /** Both are counted per edge thread. */
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxFrameBytes: number;
  readonly authTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Unsent bytes of one connection above which nothing more is queued in the socket. */
  readonly maxBackpressureBytes: number;
  readonly slowReaderMs: number;
  /** Sustained; twice as many may come at once. */
  readonly messagesPerSecond: number;
  readonly ackIntervalMs: number;
}

/** Not settings: nobody has a reason to change them, and tests rely on them. */
export const EDGE_TUNING = {
  /** Verified words wait at most this long for company on their way to the shard. */
  flushMs: 3,
  /** Pace of everything that is swept: acknowledgements, time limits, idle rounds. */
  sweepMs: 100,
  /** Frames that a viewer who comes back can be given instead of a keyframe. */
  ringFramesMax: 256,
  ringAgeMs: 15_000,
  /** Followers of a round that share a topic, and sends in one turn of the loop: some three milliseconds. */
  fanOut: { audienceMax: 512, deliveriesPerTurn: 512 },
  /** A request that waits for a shard this long is refused. */
  requestTimeoutMs: 10_000,
  /** Requests of one connection without an answer. */
  requestsMax: 32,
  /** A round that nobody here uses is unsubscribed from after this long. */
  idleRoundMs: 20_000,
  /** An attach that was not answered is sent again. */
  reattachMs: 1_000,
  /** A stream that its round does not take back ends this long after it was told so. */
  endGraceMs: 5_000,
  /** Answers queued for a connection that does not read. */
  repliesMax: 64,
  /** Control inputs kept for a stream while its round is being restored. */
  heldMax: 16,
  /** A connection that fell behind gets state again when this share of its backpressure limit is left. */
  lowWaterShare: 0.25,
  protocolErrorsMax: 3,
  /** After the close frames, before the sockets are torn down: so that the frames are read. */
  stopLingerMs: 250,
} as const;
