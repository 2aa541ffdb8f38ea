/** Notes taken during a step: what has to be saved, acknowledged and shown. Owned by the round's shard thread. */
import type { RoundState } from './state.ts';

const WORDS = 1;
const GIFT = 2;

export function markRow(state: RoundState, slot: number): void {
  const { session } = state;
  if (session.dirtyFlags[slot] !== 0) return;
  session.dirtyFlags[slot] = 1;
  session.dirtySlots.push(slot);
}

/** The words of this stream are to be acknowledged when they are durable. */
export function markTouched(state: RoundState, slot: number, gift: boolean): void {
  const { session } = state;
  const flags = session.touchedFlags[slot] as number;
  if (flags === 0) session.touchedSlots.push(slot);
  session.touchedFlags[slot] = flags | (gift ? GIFT : WORDS);
  if (gift) session.awaited = true;
}

export function isGiftTouched(state: RoundState, slot: number): boolean {
  return ((state.session.touchedFlags[slot] as number) & GIFT) !== 0;
}

export function markFacts(state: RoundState): void {
  state.session.dirtyFacts = true;
}

/** The next frame goes out at once: a gift, a phase, anything that happens to everybody. */
export function markEvent(state: RoundState): void {
  state.session.frames.event = true;
}

/** The next frame goes out soon, by the size of the audience: what many viewers do all the time. */
export function markStir(state: RoundState): void {
  state.session.frames.stir = true;
}

export function isDirty(state: RoundState): boolean {
  return state.session.dirtyFacts || state.session.dirtySlots.length > 0;
}
