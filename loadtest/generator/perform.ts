/** Has a viewer do one thing of the plan. */
import { randomBytes } from 'node:crypto';
import { encodeClient } from '../../src/protocol/client-codec.ts';
import { FRAME } from '../../src/protocol/messages.ts';
import type { PayingViewer } from '../wire/paying-viewer.ts';
import type { ActCounts } from './messages.ts';
import type { Misbehaviour, PlannedAct } from './plan.ts';
import type { Slot } from './slot.ts';

/** Those who lost the connection in a storm come back within this time of each other. */
const STORM_SPREAD_MS = 500;
const FLOOD_FRAMES = 200;

const TIME_FRAME = encodeClient({ type: FRAME.TIME, token: 0 });

/** Nothing where nobody has come yet. */
export function perform(
  act: PlannedAct,
  on: {
    readonly slot: Slot;
    /** When the act was due. */
    readonly dueMs: number;
    /** Slots of this process. */
    readonly slots: number;
    readonly counts: ActCounts;
  },
): void {
  const { slot, dueMs, counts } = on;
  const { viewer } = slot;
  if (viewer === null) return;
  switch (act.kind) {
    case 'gift':
      counts.gifts++;
      viewer.gift(act.target, act.sats, dueMs);
      return;
    case 'clap':
      counts.claps++;
      viewer.clap(act.target, 1);
      return;
    case 'vote':
      counts.votes++;
      viewer.vote(act.target);
      return;
    case 'watch':
      counts.switches++;
      viewer.watch(act.target, dueMs);
      return;
    case 'drop':
      slot.drop((STORM_SPREAD_MS * slot.place) / on.slots);
      return;
    case 'replace':
      slot.replace();
      return;
    case 'misbehave':
      misbehave(viewer, act.how);
      return;
    default:
      act satisfies never;
  }
}

function misbehave(viewer: PayingViewer, how: Misbehaviour): void {
  if (how === 'badWord') viewer.sendBadWord();
  else if (how === 'garbage') viewer.sendRaw(randomBytes(30));
  else for (let no = 0; no < FLOOD_FRAMES; no++) viewer.sendRaw(TIME_FRAME);
}
