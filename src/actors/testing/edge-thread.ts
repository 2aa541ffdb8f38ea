/**
 * An edge thread for tests: real links, no sockets. It does what the test tells it over a BroadcastChannel
 * and reports there whatever comes back. Follows every round it is told of, as an edge with viewers would.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert, unreachable } from '../../core/assert.ts';
import type { RoundId } from '../../core/ids.ts';
import type { PaymentRow } from '../../round/payment-batch.ts';
import { type EdgeInput, EdgeLink, type EdgeLinkMessage } from '../link.ts';
import type { EdgeToMain, EdgeToShard, MainToEdge, RoundPlace, ShardToEdge } from '../messages.ts';
import { messagePort } from '../port.ts';

export interface TestEdgeData {
  readonly edge: number;
  /** Name of the BroadcastChannel. */
  readonly channel: string;
  readonly port: number;
}

export type TestEdgeCommand =
  | { readonly to: number; readonly kind: 'push'; readonly roundId: RoundId; readonly input: EdgeInput }
  | {
      readonly to: number;
      readonly kind: 'pay';
      readonly roundId: RoundId;
      readonly rows: readonly PaymentRow[];
    }
  | { readonly to: number; readonly kind: 'busy'; readonly part: number }
  | { readonly to: number; readonly kind: 'die' };

export type TestEdgeReport =
  | { readonly from: number; readonly kind: 'placed'; readonly place: RoundPlace }
  | { readonly from: number; readonly kind: 'unplaced'; readonly roundId: RoundId }
  | { readonly from: number; readonly kind: 'linked'; readonly shard: number }
  | {
      readonly from: number;
      readonly kind: 'message';
      readonly roundId: RoundId;
      readonly message: EdgeLinkMessage;
    };

const { edge, channel: channelName, port } = workerData as TestEdgeData;
assert(parentPort !== null, 'runs as a worker');
const main = messagePort<EdgeToMain, MainToEdge>(parentPort);
const channel = new BroadcastChannel(channelName);
const links = new Map<number, EdgeLink>();
const places = new Map<number, RoundPlace>();

function report(message: TestEdgeReport): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel between threads has no origin
  channel.postMessage(message);
}

function placeOf(roundId: RoundId): { handle: number; link: EdgeLink } {
  const place = [...places.values()].find((each) => each.roundId === roundId);
  const link = place === undefined ? undefined : links.get(place.shard);
  assert(place !== undefined && link !== undefined, 'the test waits for placed and linked');
  return { handle: place.handle, link };
}

channel.addEventListener('message', ({ data }: MessageEvent<TestEdgeCommand>) => {
  if (data.to !== edge) return;
  if (data.kind === 'die') throw new Error('the test said so');
  if (data.kind === 'busy') return main.send(data);
  const { handle, link } = placeOf(data.roundId);
  if (data.kind === 'push') assert(link.push(handle, data.input), 'room in the link');
  else for (const row of data.rows) assert(link.pay(handle, row), 'room in the link');
  link.flush();
});

main.onMessage((message) => {
  switch (message.kind) {
    case 'link': {
      links.get(message.shard)?.close();
      const link = new EdgeLink({
        port: messagePort<EdgeToShard, ShardToEdge>(message.port),
        edge,
        onMessage: (each) => {
          const place = places.get(each.handle);
          if (place !== undefined)
            report({ from: edge, kind: 'message', roundId: place.roundId, message: each });
        },
      });
      links.set(message.shard, link);
      for (const place of places.values()) if (place.shard === message.shard) link.subscribe(place.handle);
      report({ from: edge, kind: 'linked', shard: message.shard });
      return;
    }
    case 'place':
      places.set(message.place.handle, message.place);
      links.get(message.place.shard)?.subscribe(message.place.handle);
      report({ from: edge, kind: 'placed', place: message.place });
      return;
    case 'unplace': {
      const place = places.get(message.handle);
      places.delete(message.handle);
      if (place !== undefined) report({ from: edge, kind: 'unplaced', roundId: place.roundId });
      return;
    }
    case 'stats':
      main.send({
        kind: 'stats',
        stats: { connections: 0, wordsAccepted: 0, wordsRefused: 0, framesPublished: 0 },
      });
      return;
    case 'stop':
      for (const link of links.values()) link.close();
      channel.close();
      main.close();
      return;
    default:
      unreachable(message);
  }
});
main.send({ kind: 'listening', port });
