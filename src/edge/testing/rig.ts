/** An edge with a manual clock, fake sockets and a fake shard, and the steps that most tests begin with. */
import { ManualClock } from '../../actors/testing/manual-clock.ts';
import { portPair } from '../../actors/testing/port-pair.ts';
import type { EdgeToShard, ShardToEdge } from '../../actors/messages.ts';
import { assert } from '../../core/assert.ts';
import type { ParticipantId, RoundId } from '../../core/ids.ts';
import { ripemd160, sha256 } from '../../platform/hash.ts';
import { createLogger } from '../../platform/logger.ts';
import { systemRandom } from '../../platform/random.ts';
import { nativeSignatures } from '../../platform/signatures.ts';
import { FRAME, type ServerMessage } from '../../protocol/messages.ts';
import type { PublicState } from '../../round/public-state.ts';
import { Edge } from '../edge.ts';
import type { EdgeSettings } from '../settings.ts';
import { FakeShard } from './fake-shard.ts';
import { FakeSocket } from './fake-socket.ts';
import { WireViewer } from './wire-viewer.ts';

export const START_MS = 1_700_000_000_000;
export const ROUND = 'battle-1';
export const HANDLE = 7;

export const TEST_SETTINGS: EdgeSettings = {
  network: 'dev',
  allowedOrigins: ['*'],
  trustProxy: false,
  maxConnections: 1_000,
  maxConnectionsPerAddress: 100,
  maxFrameBytes: 2_048,
  authTimeoutMs: 5_000,
  idleTimeoutMs: 60_000,
  maxBackpressureBytes: 65_536,
  slowReaderMs: 10_000,
  messagesPerSecond: 50,
  ackIntervalMs: 4_000,
};

function participant(id: string, rank: number): PublicState['participants'][number] {
  const figures = { sats: 0, satsPerSecond: 0, votes: 0, claps: 0, score: 0, watchers: 0 };
  return { id: id as ParticipantId, name: id, ...figures, rank };
}

export function testState(change: Partial<PublicState> = {}): PublicState {
  return {
    roundId: ROUND as RoundId,
    title: 'A battle',
    phase: 'live',
    startsAtMs: START_MS,
    endsAtMs: START_MS + 60_000,
    endHeight: null,
    cutoffAtMs: null,
    rateSatsPerSecond: 1,
    payEveryMs: 1_000,
    atMs: START_MS,
    viewers: 0,
    participants: [participant('ada', 1), participant('bob', 2)],
    supporters: [],
    gifts: [],
    result: null,
    ...change,
  };
}

/** Lets what was posted between the ends of links arrive. */
export function delivered(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

export class Rig {
  readonly clock: ManualClock = new ManualClock(START_MS);
  readonly sockets: FakeSocket[] = [];
  readonly edge: Edge;
  shard: FakeShard;
  #deferred: (() => void)[] = [];

  constructor(settings: Partial<EdgeSettings> = {}) {
    this.edge = new Edge({
      edge: 3,
      settings: { ...TEST_SETTINGS, ...settings },
      clock: this.clock,
      random: systemRandom,
      hashes: { sha256, ripemd160 },
      signatures: nativeSignatures,
      logger: createLogger({ level: 'silent', room: 'test' }),
      defer: (run) => {
        this.#deferred.push(run);
        setImmediate(() => this.#endTurn());
      },
      publish: (topic, frame) => {
        for (const socket of this.sockets) if (socket.topics.has(topic)) socket.published(frame);
      },
    });
    this.shard = this.relink();
    const place = { handle: HANDLE, roundId: ROUND as RoundId, shard: 0 };
    this.edge.command({ kind: 'place', place });
  }

  /** A new life of the shard behind a new link. */
  relink(): FakeShard {
    const [toShard, toEdge] = portPair<EdgeToShard, ShardToEdge>();
    this.shard = new FakeShard(toEdge);
    this.edge.command({ kind: 'link', shard: 0, port: toShard });
    return this.shard;
  }

  /** Flushes what was collected, and lets it and its answers arrive. */
  async turn(byMs = 10): Promise<void> {
    await delivered();
    this.#endTurn();
    this.clock.advance(byMs);
    await delivered();
  }

  connect(): FakeSocket {
    const socket = new FakeSocket(() => this.edge);
    this.sockets.push(socket);
    socket.session = this.edge.opened(socket);
    return socket;
  }

  send(socket: FakeSocket, ...frames: Uint8Array[]): void {
    assert(socket.session !== null, 'the socket is connected');
    for (const frame of frames) this.edge.received(socket.session, frame, true);
    this.#endTurn();
  }

  /** What was to be done after the frames that have arrived. */
  #endTurn(): void {
    for (const run of this.#deferred.splice(0)) run();
  }

  /** Connected and authenticated; what was sent so far is taken. */
  ready(viewer: WireViewer): FakeSocket {
    const socket = this.connect();
    this.send(socket, viewer.auth(nonceOf(socket)));
    const sent = socket.take();
    assert(sent.at(-1)?.type === FRAME.READY, 'authenticated');
    return socket;
  }

  /** Follows the round, whose state the shard has sent at epoch 1, seq 5 if nobody followed it before. */
  async joined(viewer: WireViewer): Promise<FakeSocket> {
    const socket = this.ready(viewer);
    const isFirst = this.shard.subscriptions.length === 0;
    this.send(socket, viewer.join(ROUND));
    await delivered();
    if (isFirst) this.shard.keyframe(HANDLE, testState(), { epoch: 1, seq: 5 });
    await delivered();
    assert(socket.take().at(-1)?.type === FRAME.KEYFRAME, 'joined');
    return socket;
  }

  /** Joined, with a granted stream. Returns the stream's number on the connection too. */
  async paying(viewer: WireViewer, slot = 0): Promise<{ socket: FakeSocket; stream: number }> {
    const socket = await this.joined(viewer);
    this.send(socket, viewer.open(ROUND, nonceOf(socket)));
    await this.turn();
    const from = this.shard.of('open').at(-1)?.from;
    assert(from !== undefined, 'the shard was asked');
    this.shard.effects(HANDLE, { kind: 'granted', to: from, grant: viewer.grant(slot, START_MS) });
    await delivered();
    const granted = socket.take().at(-1);
    assert(granted?.type === FRAME.STREAM, 'granted');
    return { socket, stream: granted.stream };
  }
}

export function nonceOf(socket: FakeSocket): Uint8Array {
  assert(socket.session !== null, 'the socket is connected');
  return socket.session.nonce;
}

export function connOf(socket: FakeSocket): number {
  assert(socket.session !== null, 'the socket is connected');
  return socket.session.conn;
}

/** A text frame. */
export function sendText(rig: Rig, socket: FakeSocket, text: string): void {
  assert(socket.session !== null, 'the socket is connected');
  rig.edge.received(socket.session, new TextEncoder().encode(text), false);
}

/** The codes of the ERRORs among the messages. */
export function errorsOf(messages: readonly ServerMessage[]): string[] {
  return messages.flatMap((message) => (message.type === FRAME.ERROR ? [message.code] : []));
}

/** The type names of the messages. */
export function typesOf(messages: readonly ServerMessage[]): string[] {
  const names = Object.entries(FRAME);
  return messages.map((message) => names.find(([, type]) => type === message.type)?.[0] ?? '?');
}
