/** What grows by itself between two frames: level and slope, at a time of the server's clock. */
import type { PublicParticipant, PublicState } from '../round/public-state.ts';
import type { Phase } from '../round/terms.ts';

/** A state older than this is not extrapolated further: better a still number than an invented one. */
const HORIZON_MS = 60_000;

/** Words are taken for seconds that are being watched now. */
export function isRunning(phase: Phase): boolean {
  return phase === 'live' || phase === 'overtime';
}

/** Sats of a participant at `nowMs`, with a fraction; never below the level of the frame. */
export function satsAt(state: PublicState, participant: PublicParticipant, nowMs: number): number {
  if (!isRunning(state.phase)) return participant.sats;
  const untilMs = Math.min(nowMs, state.endsAtMs ?? nowMs, state.atMs + HORIZON_MS);
  return participant.sats + (Math.max(0, untilMs - state.atMs) / 1000) * participant.satsPerSecond;
}

/** Milliseconds until the round starts or ends, whichever is next; null when neither has a time. */
export function msToNextTurn(state: PublicState, nowMs: number): number | null {
  const { phase, startsAtMs, endsAtMs, cutoffAtMs } = state;
  if (phase === 'scheduled' || phase === 'lobby') return Math.max(0, startsAtMs - nowMs);
  if (isRunning(phase)) return endsAtMs === null ? null : Math.max(0, endsAtMs - nowMs);
  if (phase === 'closing') return cutoffAtMs === null ? null : Math.max(0, cutoffAtMs - nowMs);
  return null;
}
