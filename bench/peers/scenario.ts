/** The scenario that every system plays, and what processes of a run say to each other about it. */
import type { RoundId } from '../../src/core/ids.ts';

/** Ringside first. The names are those of the files in raw/, official/ and servers/. */
export const SYSTEMS = ['ringside', 'colyseus', 'socket-io'] as const;
export type SystemName = (typeof SYSTEMS)[number];

export interface Target {
  readonly host: string;
  readonly port: number;
}

export const ROUND_ID = 'bench-0' as RoundId;
/** Each viewer pays with one message in this time. */
export const PAY_EVERY_MS = 1_000;
/**
 * An event: a gift, by one of the givers in turn. Each gives once a second, as in Ringside the words of a gift are
 * revealed when those of the gift before it are acknowledged as durable.
 */
export const GIFT_EVERY_MS = 100;
export const GIVERS = 10;
/** All is for the first participant: the order never changes, which would be an event of its own. */
export const TARGET = 0;
/** An event that has not arrived by then counts as this late, and is reported as lost. */
export const LOST_AFTER_MS = 5_000;

export interface Size {
  readonly viewers: number;
  /** Under load before anything counts. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Of memory; the median counts. */
  readonly memorySamples: number;
}

/** What viewers got since they joined. A message counts once, whatever it carries. */
export interface Received {
  states: number;
  events: number;
  /** Acknowledgements, heartbeats and whatever else the protocol needs. */
  others: number;
  bytes: number;
}

/** The gift with that number, counted from 1: each giver gives one sat more each time, so giver and sats tell which it is. */
export function giftSats(no: number): number {
  return Math.floor((no - 1) / GIVERS) + 1;
}

/** The other way round; the giver by its index. */
export function giftNo(giver: number, sats: number): number {
  return (sats - 1) * GIVERS + giver + 1;
}
