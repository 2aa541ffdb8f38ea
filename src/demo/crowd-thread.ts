/** Entry of the thread that the simulated viewers live on. Composition root: native hashing and signatures. */
import { parentPort, workerData } from 'node:worker_threads';
import { defaultPlatform } from '../client/platform.ts';
import { assert } from '../core/assert.ts';
import { sha256 } from '../platform/hash.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import { Crowd } from './crowd.ts';
import type { CrowdData, FromCrowd, ToCrowd } from './messages.ts';

const port = parentPort;
assert(port !== null, 'the crowd runs on a thread of its own');
const crowd = new Crowd({
  data: workerData as CrowdData,
  platform: { ...defaultPlatform, sha256, signatures: nativeSignatures },
  tell: (message) => port.postMessage(message),
});
const connected = crowd.connect();

port.on('message', (message: ToCrowd) => {
  switch (message.kind) {
    case 'battle':
      void connected.then(() => crowd.play(message));
      break;
    case 'stop':
      crowd.close();
      port.postMessage({ kind: 'closed' } satisfies FromCrowd); // a battle under way has timers: main ends the thread
      break;
    default:
      message satisfies never;
  }
});
