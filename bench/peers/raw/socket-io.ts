/**
 * Socket.IO's protocol 5 over Engine.IO's 4 (socket.io/docs/v4/socket-io-protocol, engine-io-protocol), as far as a
 * viewer needs it: text messages whose first characters are packet types.
 */
import { RawWebSocket } from '../../../loadtest/wire/raw-web-socket.ts';
import { type Received, TARGET, type Target, giftSats } from '../scenario.ts';
import type { RawCrowd, RawViewer } from './raw-viewer.ts';

const OPEN = code('0');
const PING = code('2');
const MESSAGE = code('4');
const CONNECT = code('0');
const EVENT = code('2');
/** `42["` and then the name of the event. */
const NAME_AT = 4;
const STATE = code('s');

function code(text: string): number {
  return text.charCodeAt(0);
}

export function socketIoCrowd(): RawCrowd {
  return { accounts: [], join: async (_, target, received) => await join(target, received) };
}

async function join({ host, port }: Target, received: Received): Promise<RawViewer> {
  const joined = Promise.withResolvers<void>();
  const socket = new RawWebSocket(
    { host, port, path: '/socket.io/?EIO=4&transport=websocket' },
    {
      opened: () => undefined,
      received(bytes, from, to) {
        received.bytes += to - from;
        const type = bytes[from];
        if (type === MESSAGE && bytes[from + 1] === EVENT) {
          if (bytes[from + NAME_AT] === STATE) received.states++;
          else received.events++;
          return;
        }
        received.others++;
        if (type === PING) socket.sendText('3');
        else if (type === OPEN) socket.sendText('40');
        else if (type === MESSAGE && bytes[from + 1] === CONNECT) joined.resolve();
      },
      closed: (closeCode, reason) => joined.reject(new Error(`Socket.IO closed: ${closeCode} ${reason}`)),
    },
  );
  await joined.promise;
  const pay = `42["pay",${TARGET}]`;
  return {
    pay: () => void socket.sendText(pay),
    gift: (no) => void socket.sendText(`42["gift",{"no":${no},"target":${TARGET},"sats":${giftSats(no)}}]`),
  };
}
