/** Many sockets that read and count, for one of the two servers: followers of a round, or of the bare server. */
import { newPerson } from '../../loadtest/wire/person.ts';
import { RawWebSocket } from '../../loadtest/wire/raw-web-socket.ts';
import type { RoundId } from '../../src/core/ids.ts';
import { WS_PATH } from '../../src/core/limits.ts';
import { sha256 } from '../../src/platform/hash.ts';
import { nativeSignatures } from '../../src/platform/signatures.ts';
import { encodeClient } from '../../src/protocol/client-codec.ts';
import { FRAME, SUBPROTOCOL } from '../../src/protocol/messages.ts';
import { decodeServer } from '../../src/protocol/server-codec.ts';
import { authBytes } from '../../src/voucher/commitment.ts';
import { serveParent } from '../lib/child.ts';

/** Connecting at a time: fewer than the backlog of a listening socket. */
const WAVE = 250;

/** A frame as the first socket got it. */
export interface SeenFrame {
  /** Since `reset`. */
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

export interface Received {
  readonly frames: number;
  readonly lost: number;
  readonly seen: readonly SeenFrame[];
}

/** One key for all: who they are makes no difference to what they get. */
const person = newPerson();
let frames = 0;
let lost = 0;
let sinceMs = 0;
let seen: SeenFrame[] = [];

/** `round` null: whatever comes is a frame. */
async function connect(at: { port: number; round: RoundId | null; isFirst: boolean }): Promise<void> {
  const { port, round, isFirst } = at;
  const path = { host: '127.0.0.1', port, path: WS_PATH };
  await new Promise<void>((resolve) => {
    const socket = new RawWebSocket(round === null ? path : { ...path, subprotocol: SUBPROTOCOL }, {
      opened: () => round === null && resolve(),
      received(bytes, from, to) {
        const isState = bytes[from] === FRAME.DELTA || bytes[from] === FRAME.KEYFRAME;
        if (round === null || isState) {
          frames++;
          if (isFirst) seen.push({ atMs: performance.now() - sinceMs, bytes: bytes.slice(from, to) });
        }
        if (round === null) return;
        if (bytes[from] === FRAME.KEYFRAME) resolve();
        else if (!isState) answer(socket, round, bytes.subarray(from, to));
      },
      closed: () => void lost++,
    });
  });
}

function answer(socket: RawWebSocket, round: RoundId, frame: Uint8Array): void {
  const decoded = decodeServer(frame);
  if (!decoded.ok) return;
  const { message } = decoded;
  if (message.type === FRAME.WELCOME) {
    const hash = sha256(authBytes(message.network, message.nonce));
    const signature = nativeSignatures.sign(hash, person.privateKey);
    socket.send(encodeClient({ type: FRAME.AUTH, publicKey: person.publicKey, signature, agent: 'bench' }));
  } else if (message.type === FRAME.READY) {
    socket.send(encodeClient({ type: FRAME.JOIN, ref: 1, round, resume: null }));
  }
}

const calls = {
  async connect({
    port,
    round,
    count,
  }: {
    port: number;
    round: RoundId | null;
    count: number;
  }): Promise<void> {
    for (let from = 0; from < count; from += WAVE) {
      const wave = Math.min(WAVE, count - from);
      await Promise.all(
        Array.from({ length: wave }, (_, no) => connect({ port, round, isFirst: from + no === 0 })),
      );
    }
  },
  reset(): void {
    frames = 0;
    seen = [];
    sinceMs = performance.now();
  },
  received: (): Received => ({ frames, lost, seen }),
};
export type ReceiverCalls = typeof calls;

serveParent(calls, () => process.exit());
