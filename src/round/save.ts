/**
 * What makes a round durable. At most one save is under way; while there are changes a segment is begun at most
 * every CADENCE.saveMs, or quietSaveMs while nobody waits for one, now and then a snapshot. Whatever was promised on
 * the strength of a change (grants, acknowledgements, phases, settlement) waits in `session.waiting` for the save that
 * covers it. Owned by the round's shard thread.
 */
import { CADENCE, SNAPSHOT_AFTER } from './bounds.ts';
import type { RoundEffect } from './effects.ts';
import { linkOf, isLinkedTo } from './links.ts';
import { isDirty, isGiftTouched } from './marks.ts';
import { PAID_CHAINS, PAID_CONN, PAID_GIFT, PAID_INDEXES, PAID_ROW_NUMBERS, PAID_SLOT } from './paid-rows.ts';
import { encodeSegment, encodeSnapshot } from './save-codec.ts';
import type { RoundState } from './state.ts';
import { CHAIN_COUNT, TIPS } from './stream-table.ts';

/** The store's answer to a save: what waited for it happens now. An answer to an older save is none. */
export function onSaved(state: RoundState, seq: number, effects: RoundEffect[]): void {
  const { saves } = state;
  if (saves.underWay?.seq !== seq) return;
  const { covered } = saves.underWay;
  saves.underWay = null;
  for (const effect of covered) release(state, effect, effects);
}

/** At the end of a step: begins the next save if it is due; with nothing to save, nothing has to wait. */
export function saveWhenDue(state: RoundState, effects: RoundEffect[]): void {
  const { saves, session, facts } = state;
  if (isDirty(state)) session.dirtySinceMs ??= facts.nowMs;
  if (saves.underWay !== null) return;
  if (!isDirty(state) && !session.snapshotWanted) {
    session.awaited = false;
    for (const effect of takeWaiting(state)) release(state, effect, effects);
    return;
  }
  if (nextSaveMs(state) > facts.nowMs) return;
  const covered = takeWaiting(state);
  effects.push(wantsSnapshot(state) ? beginSnapshot(state) : beginSegment(state));
  saves.underWay = { seq: saves.seq, covered };
}

/**
 * When the next save may begin. A phase that ends the round does not wait. Saves that nobody waits for begin at multiples
 * of quietSaveMs, so that the rounds of a shard go to the store in one message and one commit: of 100 rounds that costs the
 * writer 6 ms a second instead of 36.
 */
export function nextSaveMs(state: RoundState): number {
  const { saves, session } = state;
  if (session.snapshotWanted) return 0;
  const awaited = session.awaited || session.dirtyFacts || session.waiting.length > 0;
  if (awaited) return saves.lastBegunMs + CADENCE.saveMs;
  const sinceMs = session.dirtySinceMs ?? state.facts.nowMs;
  return (Math.floor(sinceMs / CADENCE.quietSaveMs) + 1) * CADENCE.quietSaveMs;
}

function wantsSnapshot(state: RoundState): boolean {
  const { saves, session } = state;
  return (
    session.snapshotWanted ||
    saves.snapshotBytes === 0 ||
    saves.segmentsSinceSnapshot >= SNAPSHOT_AFTER.segments ||
    saves.segmentBytesSinceSnapshot >=
      Math.max(SNAPSHOT_AFTER.bytesMin, SNAPSHOT_AFTER.snapshots * saves.snapshotBytes)
  );
}

function beginSnapshot(state: RoundState): RoundEffect {
  const { saves, facts } = state;
  saves.seq++;
  const bytes = encodeSnapshot(state);
  saves.segmentsSinceSnapshot = 0;
  saves.segmentBytesSinceSnapshot = 0;
  saves.snapshotBytes = bytes.length;
  clearDirty(state);
  return { kind: 'saveSnapshot', seq: saves.seq, bytes, phase: facts.phase };
}

function beginSegment(state: RoundState): RoundEffect {
  const { saves, session, facts } = state;
  saves.seq++;
  const slots = session.dirtySlots.toSorted((a, b) => a - b);
  const bytes = encodeSegment(state, {
    slots,
    newFrom: session.slotsSaved,
    giftsFrom: session.giftsSaved,
  });
  saves.segmentsSinceSnapshot++;
  saves.segmentBytesSinceSnapshot += bytes.length;
  clearDirty(state);
  return { kind: 'appendSegment', seq: saves.seq, bytes, phase: facts.phase };
}

function clearDirty(state: RoundState): void {
  const { session, saves, facts } = state;
  for (const slot of session.dirtySlots) session.dirtyFlags[slot] = 0;
  session.dirtySlots.length = 0;
  session.dirtyFacts = false;
  session.dirtySinceMs = null;
  session.snapshotWanted = false;
  session.awaited = false;
  session.giftsSaved = state.gifts.count;
  session.slotsSaved = state.streams.count;
  saves.lastBegunMs = facts.nowMs;
}

/** What waits, in order, after the acknowledgements of what is accepted by now. */
function takeWaiting(state: RoundState): RoundEffect[] {
  const { session } = state;
  const taken =
    session.touchedSlots.length === 0 ? session.waiting : [...acknowledgements(state), ...session.waiting];
  session.waiting = [];
  return taken;
}

/** One effect an edge; the indexes are those of now, which the next save covers. */
function acknowledgements(state: RoundState): RoundEffect[] {
  const { session } = state;
  const byEdge = new Map<number, { readonly rows: Uint32Array; used: number }>();
  for (const slot of session.touchedSlots) {
    const gift = isGiftTouched(state, slot);
    session.touchedFlags[slot] = 0;
    const to = linkOf(state, slot);
    if (to === null) continue;
    let own = byEdge.get(to.edge);
    if (own === undefined) {
      own = { rows: new Uint32Array(session.touchedSlots.length * PAID_ROW_NUMBERS), used: 0 };
      byEdge.set(to.edge, own);
    }
    own.rows[own.used + PAID_SLOT] = slot;
    own.rows[own.used + PAID_CONN] = to.conn;
    own.rows[own.used + PAID_GIFT] = gift ? 1 : 0;
    writeIndexes(state, slot, own.rows, own.used);
    own.used += PAID_ROW_NUMBERS;
  }
  session.touchedSlots.length = 0;
  return [...byEdge].map(([edge, { rows, used }]) => ({ kind: 'paid', edge, rows: upTo(rows, used) }));
}

function writeIndexes({ streams }: RoundState, slot: number, rows: Uint32Array, at: number): void {
  const chains = streams.number(slot, CHAIN_COUNT);
  rows[at + PAID_CHAINS] = chains;
  for (let chain = 0; chain < chains; chain++) {
    rows[at + PAID_INDEXES + chain] = streams.number(slot, TIPS + chain);
  }
}

function upTo(rows: Uint32Array, used: number): Uint32Array {
  return used < rows.length ? rows.slice(0, used) : rows;
}

/**
 * A stream that has moved to another connection since gets no acknowledgement there: its new grant says it. What waited is
 * nobody else's, so the rows that are left move up in place.
 */
function release(state: RoundState, effect: RoundEffect, effects: RoundEffect[]): void {
  if (effect.kind !== 'paid') {
    effects.push(effect);
    return;
  }
  const { edge, rows } = effect;
  let used = 0;
  for (let at = 0; at < rows.length; at += PAID_ROW_NUMBERS) {
    if (!isLinkedTo(state, rows[at + PAID_SLOT] as number, edge, rows[at + PAID_CONN] as number)) continue;
    if (used < at) rows.copyWithin(used, at, at + PAID_ROW_NUMBERS);
    used += PAID_ROW_NUMBERS;
  }
  if (used > 0) effects.push({ kind: 'paid', edge, rows: upTo(rows, used) });
}
