/**
 * The phases of a round: scheduled, lobby, live, (overtime,) closing, settling, settled, or cancelled from any
 * before closing. Time moves it, and so do an operator, a block height and the settlement service. Owned by the
 * round's shard thread.
 */
import { CADENCE, ROUND_BOUNDS } from './bounds.ts';
import type { RoundEffect } from './effects.ts';
import { markEvent, markFacts } from './marks.ts';
import { updateRanking } from './ranking.ts';
import type { SettlementProgress } from './settlement-progress.ts';
import { type RoundState, isOpenForStreams, isRunning } from './state.ts';
import { buildStatement } from './statement-builder.ts';
import { endAttachments, grantAllAgain, releaseClosed } from './streams.ts';
import type { Phase } from './terms.ts';

/** As many phases forward as the time asks for. */
export function advancePhases(state: RoundState): void {
  while (advanceOnce(state)) {
    // Each turn is one phase further, so this ends.
  }
}

function advanceOnce(state: RoundState): boolean {
  const { facts } = state;
  const dueMs = nextPhaseMs(state);
  if (dueMs === null || facts.nowMs < dueMs) return false;
  switch (facts.phase) {
    case 'scheduled':
      enter(state, 'lobby');
      return true;
    case 'lobby':
      enterLive(state);
      return true;
    case 'live':
    case 'overtime':
      enterClosing(state, dueMs);
      return true;
    case 'closing':
      enterSettling(state);
      return true;
    default:
      return false;
  }
}

/** When time alone moves the phase next; null: never, or not by time. */
export function nextPhaseMs(state: RoundState): number | null {
  const { facts, terms } = state;
  switch (facts.phase) {
    case 'scheduled':
      return Math.min(terms.lobbyAtMs, facts.startsAtMs);
    case 'lobby':
      return facts.startsAtMs;
    case 'live':
    case 'overtime':
      return facts.endsAtMs;
    case 'closing':
      return facts.cutoffAtMs;
    default:
      return null;
  }
}

function enter(state: RoundState, phase: Phase): void {
  const { facts, session } = state;
  facts.phase = phase;
  markFacts(state);
  markEvent(state);
  session.waiting.push({ kind: 'phase', phase, endsAtMs: facts.endsAtMs });
}

function enterLive(state: RoundState): void {
  const { facts, terms } = state;
  facts.startedAtMs = facts.startsAtMs;
  enter(state, 'live');
  if (terms.end.kind === 'height' && facts.height >= terms.end.height) facts.endsAtMs = facts.nowMs;
}

/** Viewers have `closingMs` for the seconds they watched: after an engine that was down at the end, from now. */
function enterClosing(state: RoundState, endMs: number): void {
  const { facts, terms } = state;
  const late = facts.nowMs - endMs > CADENCE.lateEndMs;
  facts.endedAtMs = endMs;
  facts.cutoffAtMs = (late ? facts.nowMs : endMs) + terms.closingMs;
  enter(state, 'closing');
}

function enterSettling(state: RoundState): void {
  updateRanking(state);
  enter(state, 'settling');
  state.session.snapshotWanted = true;
  endAttachments(state, 'roundOver');
  state.session.waiting.push({ kind: 'settle', statement: buildStatement(state) });
}

/** An operator starts the round now. Nothing when it has started. */
export function startNow(state: RoundState): void {
  const { facts } = state;
  if (facts.phase !== 'scheduled' && facts.phase !== 'lobby') return;
  facts.startsAtMs = Math.min(facts.startsAtMs, facts.nowMs);
  advancePhases(state);
  grantAllAgain(state);
}

/** Everything is refunded. Nothing from closing on. */
export function cancel(state: RoundState, reason: string): void {
  const { facts, session } = state;
  const before: readonly Phase[] = ['scheduled', 'lobby', 'live', 'overtime'];
  if (!before.includes(facts.phase)) return;
  facts.cancelReason = reason.slice(0, ROUND_BOUNDS.cancelReasonCharsMax);
  enter(state, 'cancelled');
  session.snapshotWanted = true;
  endAttachments(state, 'cancelled');
  session.waiting.push({ kind: 'refund' });
}

/** A block was mined. Heights only rise here; one heard of before the start counts at the start. */
export function onHeight(state: RoundState, height: number): void {
  const { facts, terms } = state;
  if (height <= facts.height || !Number.isSafeInteger(height)) return;
  facts.height = Math.min(height, ROUND_BOUNDS.heightMax);
  if (terms.end.kind !== 'height') return;
  markFacts(state);
  if (!isRunning(facts.phase) || height < terms.end.height) return;
  facts.endsAtMs = facts.nowMs;
  advancePhases(state);
}

const PROGRESS_ORDER: readonly SettlementProgress['status'][] = ['planned', 'accepted', 'mined'];

/** Reports come in order but may be repeated; one that says less than the last changes nothing. */
export function onSettlement(state: RoundState, progress: SettlementProgress): void {
  const { facts } = state;
  if (!isNews(state, progress.status)) return;
  facts.settlement = {
    status: progress.status,
    txids: progress.txids.slice(0, ROUND_BOUNDS.txidsMax),
  };
  markFacts(state);
  markEvent(state);
  if (progress.status === 'mined') enter(state, 'settled');
}

function isNews(state: RoundState, status: SettlementProgress['status']): boolean {
  const { phase, settlement } = state.facts;
  if (status === 'refunded') return phase === 'cancelled' && settlement === null;
  if (phase !== 'settling') return false;
  const before = settlement === null ? -1 : PROGRESS_ORDER.indexOf(settlement.status);
  return PROGRESS_ORDER.indexOf(status) > before;
}

/** What the first step of a round says to the outside: where it stands, and what is still to be done. */
export function announce(state: RoundState, effects: RoundEffect[]): void {
  const { facts, session } = state;
  if (session.announced) return;
  session.announced = true;
  effects.push({ kind: 'phase', phase: facts.phase, endsAtMs: facts.endsAtMs });
  if (isOpenForStreams(facts.phase) || facts.phase === 'closing') releaseClosed(state, effects);
  if (facts.phase === 'settling') effects.push({ kind: 'settle', statement: buildStatement(state) });
  // Also when it was refunded before: whoever was to mark the round finished may have died in between.
  if (facts.phase === 'cancelled') effects.push({ kind: 'refund' });
}
