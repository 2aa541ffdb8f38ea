/**
 * A viewer by the system's own client: what it sees is what the bench believes. The latency of an event ends where this
 * client calls back with it, and at the end of a run its level has to be what was paid.
 */
import type { SystemName, Target } from '../scenario.ts';

export interface Official {
  /** Level of the first participant, by the last state that arrived. */
  paidSats(): number;
}

/** `onGift`: the number of a gift, whenever one arrives, maybe more than once. Resolves once it follows the round. */
export type Watch = (target: Target, onGift: (no: number) => void) => Promise<Official>;

/** By import at need: the packages of peers are not there while nobody measures them, and are plain JavaScript here. */
export async function officialClient(system: SystemName): Promise<Watch> {
  if (system === 'ringside') return (await import('./ringside.ts')).watch;
  const { href } = new URL(`./${system}.mjs`, import.meta.url);
  return ((await import(href)) as { readonly watch: Watch }).watch;
}
