/** The raw viewers of each system. */
import type { SystemName } from '../scenario.ts';
import { colyseusCrowd } from './colyseus.ts';
import type { RawCrowd } from './raw-viewer.ts';
import { ringsideCrowd } from './ringside.ts';
import { socketIoCrowd } from './socket-io.ts';

/** `wordsEach`: how many sats each can pay. */
export function rawCrowd(system: SystemName, viewers: number, wordsEach: number): RawCrowd {
  switch (system) {
    case 'ringside':
      return ringsideCrowd(viewers, wordsEach);
    case 'colyseus':
      return colyseusCrowd();
    case 'socket-io':
      return socketIoCrowd();
    default:
      return system satisfies never;
  }
}
