/**
 * Colyseus's protocol of 0.18, as far as a viewer needs it: a seat by HTTP, then binary messages whose first byte is a
 * code (low five bits) with modifiers. The names are those of `Protocol` in @colyseus/shared-types.
 */
import { pack } from 'msgpackr';
import { RawWebSocket } from '../../../loadtest/wire/raw-web-socket.ts';
import { type Received, TARGET, type Target, giftSats } from '../scenario.ts';
import type { RawCrowd, RawViewer } from './raw-viewer.ts';

const JOIN_ROOM = 10;
const ROOM_DATA = 13;
const ROOM_STATE = 14;
const ROOM_STATE_PATCH = 15;
const CODE_MASK = 0x1f;
/** A string of less than 32 bytes, in the encoding of @colyseus/schema. */
const SHORT_STRING = 0xa0;

interface Seat {
  readonly processId: string;
  readonly roomId: string;
  readonly sessionId: string;
}

export function colyseusCrowd(): RawCrowd {
  return { accounts: [], join: async (_, target, received) => await join(target, received) };
}

async function join({ host, port }: Target, received: Received): Promise<RawViewer> {
  const { processId, roomId, sessionId } = await seat({ host, port });
  const joined = Promise.withResolvers<void>();
  const socket = new RawWebSocket(
    { host, port, path: `/${processId}/${roomId}?sessionId=${sessionId}` },
    {
      opened: () => undefined,
      received(bytes, from, to) {
        received.bytes += to - from;
        const code = (bytes[from] ?? 0) & CODE_MASK;
        if (code === ROOM_STATE_PATCH) received.states++;
        else if (code === ROOM_DATA) received.events++;
        else received.others++;
        if (code === JOIN_ROOM) socket.send(Uint8Array.of(JOIN_ROOM));
        else if (code === ROOM_STATE) joined.resolve();
      },
      closed: (closeCode, reason) => joined.reject(new Error(`Colyseus closed: ${closeCode} ${reason}`)),
    },
  );
  await joined.promise;
  const pay = roomData('pay', TARGET);
  return {
    pay: () => void socket.send(pay),
    gift: (no) => void socket.send(roomData('gift', { no, target: TARGET, sats: giftSats(no) })),
  };
}

async function seat({ host, port }: Target): Promise<Seat> {
  const response = await fetch(`http://${host}:${port}/matchmake/joinOrCreate/battle`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const answer = (await response.json()) as Partial<Seat>;
  const { processId, roomId, sessionId } = answer;
  if (processId === undefined || roomId === undefined || sessionId === undefined) {
    throw new Error(`Colyseus gave no seat: ${JSON.stringify(answer)}`);
  }
  return { processId, roomId, sessionId };
}

function roomData(type: string, payload: unknown): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(ROOM_DATA, SHORT_STRING | type.length),
    Buffer.from(type),
    pack(payload),
  ]);
}
