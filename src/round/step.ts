/**
 * The one way a round changes: `step(state, nowMs, inbox)`. Deterministic; mutates the state and returns what the
 * shell has to do, in order. Owned by the round's shard thread.
 *
 * A step: time moves the phase, inputs are applied in order, the ranking is made anew (a lead change may extend
 * the end), frames and saves that are due go out. The round's time never goes back.
 */
import { unreachable } from '../core/assert.ts';
import { CADENCE } from './bounds.ts';
import type { RoundEffect } from './effects.ts';
import { clap, vote, watch } from './engagement.ts';
import type { RoundInput } from './inputs.ts';
import { isDirty, markEvent } from './marks.ts';
import { applyPayments } from './payments.ts';
import { advancePhases, announce, cancel, nextPhaseMs, onHeight, onSettlement, startNow } from './phases.ts';
import { nextFrameMs, publishWhenDue } from './publish.ts';
import { updateRanking } from './ranking.ts';
import { nextSaveMs, onSaved, saveWhenDue } from './save.ts';
import type { RoundState } from './state.ts';
import { attachStream, closeStream, detachEdge, detachSlots, onHeld, openStream } from './streams.ts';

export function step(state: RoundState, nowMs: number, inbox: readonly RoundInput[]): RoundEffect[] {
  const effects: RoundEffect[] = [];
  announce(state, effects);
  state.facts.nowMs = Math.max(state.facts.nowMs, nowMs);
  advancePhases(state);
  for (const input of inbox) apply(state, input, effects);
  updateRanking(state);
  publishWhenDue(state, effects);
  saveWhenDue(state, effects);
  return effects;
}

/** When the shell has to send a tick at the latest, if nothing else happens; null: never. */
export function nextWakeMs(state: RoundState): number | null {
  const saving = state.saves.underWay === null && (isDirty(state) || state.session.snapshotWanted);
  const times = [nextPhaseMs(state), nextFrameMs(state), saving ? nextSaveMs(state) : null];
  let earliest: number | null = null;
  for (const time of times) if (time !== null && (earliest === null || time < earliest)) earliest = time;
  return earliest;
}

function apply(state: RoundState, input: RoundInput, effects: RoundEffect[]): void {
  switch (input.kind) {
    case 'payments':
      return applyPayments(state, input, effects);
    case 'open':
      return openStream(state, input, effects);
    case 'attach':
      return attachStream(state, input, effects);
    case 'detach':
      return detachSlots(state, input);
    case 'edgeGone':
      return detachEdge(state, input.edge);
    case 'watch':
      return watch(state, input, effects);
    case 'clap':
      return clap(state, input, effects);
    case 'vote':
      return vote(state, input, effects);
    case 'closeStream':
      return closeStream(state, input, effects);
    case 'held':
      return onHeld(state, input, effects);
    case 'saved':
      return onSaved(state, input.seq, effects);
    case 'start':
      return startNow(state);
    case 'cancel':
      return cancel(state, input.reason);
    case 'height':
      return onHeight(state, input.height);
    case 'settlement':
      return onSettlement(state, input.progress);
    case 'pace':
      return pace(state, input.payEveryMs);
    case 'tick':
      return;
    default:
      unreachable(input);
  }
}

/** How often clients should pay; a client may rely on at least one second and at most a minute. */
function pace(state: RoundState, payEveryMs: number): void {
  const next = Math.min(60 * CADENCE.payEveryMs, Math.max(CADENCE.payEveryMs, Math.floor(payEveryMs)));
  if (next === state.session.payEveryMs) return;
  state.session.payEveryMs = next;
  markEvent(state);
}
