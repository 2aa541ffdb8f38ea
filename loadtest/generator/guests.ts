/** Everybody who will sit in a viewer's place, one after the other, with what they will spend. */
import type { Identity } from '../../src/client/identity.ts';
import type { LoadOptions } from '../options.ts';
import { newPerson } from '../wire/person.ts';
import type { PlannedAct } from './plan.ts';

/** Is funded for what it will do. */
export interface Guest {
  readonly person: Identity;
  readonly giftSats: readonly number[];
  readonly watchWords: number;
}

/** Of watching that can be paid beyond the load. */
const SPARE_SECONDS = 5;

/** A round's rate has to cover the words that are sent. */
export function rateSatsPerSecond({ rate }: Pick<LoadOptions, 'rate'>): number {
  return Math.max(1, Math.ceil(rate));
}

/** By viewer; `acts` are those of a process's viewers. */
export function guestsOf(
  acts: readonly PlannedAct[],
  options: LoadOptions,
): (viewer: number) => readonly Guest[] {
  const watchWords = rateSatsPerSecond(options) * Math.ceil(options.seconds + SPARE_SECONDS);
  const replaced = new Map<number, number>();
  const given = new Map<number, number[]>();
  for (const act of acts) {
    const { viewer } = act;
    if (act.kind === 'replace') replaced.set(viewer, (replaced.get(viewer) ?? 0) + 1);
    if (act.kind === 'gift') given.set(viewer, [...(given.get(viewer) ?? []), act.sats]);
  }
  // Each may have to give all gifts of the place: whether one was replaced in time is not known yet.
  return (viewer) =>
    Array.from({ length: 1 + (replaced.get(viewer) ?? 0) }, () => ({
      person: newPerson(),
      giftSats: given.get(viewer) ?? [],
      watchWords,
    }));
}
