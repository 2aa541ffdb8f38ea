/**
 * The link between an edge and a shard with a ring for what there is most of, batches of words one way and credits the
 * other; everything else goes by the MessagePort beside it. So the two ways overtake each other: good enough to be
 * measured with nothing but words under way.
 */
import type { EdgeToShard, ShardToEdge } from '../../src/actors/messages.ts';
import type { Port } from '../../src/actors/port.ts';
import { assert } from '../../src/core/assert.ts';
import { RingReader, RingWriter } from './ring.ts';

export interface RingPair {
  readonly toShard: SharedArrayBuffer;
  readonly toEdge: SharedArrayBuffer;
}

const WORDS = 1;
const CREDIT = 2;
/** batchNo u32, handle u32, edge u32, nothing u32 */
const WORDS_HEAD_BYTES = 16;

export function edgeRingPort(
  rings: RingPair,
  beside: Port<EdgeToShard, ShardToEdge>,
): Port<EdgeToShard, ShardToEdge> {
  const out = new RingWriter(rings.toShard);
  const into = new RingReader(rings.toEdge);
  const head = new DataView(rings.toShard, 128);
  return {
    send(message, transfer) {
      const words = onlyWords(message);
      if (words === null) return beside.send(message, transfer);
      const at = out.claim(WORDS, WORDS_HEAD_BYTES + words.batch.length);
      assert(at >= 0, 'the ring takes as many batches as the link has credit for');
      head.setUint32(at, words.batchNo, true);
      head.setUint32(at + 4, words.handle, true);
      head.setUint32(at + 8, words.edge, true);
      out.data.set(words.batch, at + WORDS_HEAD_BYTES);
      out.commit();
    },
    onMessage(receive) {
      beside.onMessage(receive);
      const view = new DataView(rings.toEdge, 128);
      into.onCommit(() =>
        into.drain((_type, _data, at) => receive({ kind: 'credit', batchNo: view.getUint32(at, true) })),
      );
    },
    close() {
      into.close();
      beside.close();
    },
  };
}

export function shardRingPort(
  rings: RingPair,
  beside: Port<ShardToEdge, EdgeToShard>,
): Port<ShardToEdge, EdgeToShard> {
  const out = new RingWriter(rings.toEdge);
  const into = new RingReader(rings.toShard);
  const credit = new DataView(rings.toEdge, 128);
  return {
    send(message, transfer) {
      const at = message.kind === 'credit' ? out.claim(CREDIT, 4) : -1;
      if (message.kind !== 'credit' || at < 0) return beside.send(message, transfer);
      credit.setUint32(at, message.batchNo, true);
      out.commit();
    },
    onMessage(receive) {
      beside.onMessage(receive);
      const view = new DataView(rings.toShard, 128);
      into.onCommit(() =>
        into.drain((_type, data, at, bytes) => {
          const batch = data.slice(at + WORDS_HEAD_BYTES, at + bytes);
          const edge = view.getUint32(at + 8, true);
          receive({
            kind: 'inputs',
            batchNo: view.getUint32(at, true),
            rounds: [{ handle: view.getUint32(at + 4, true), inputs: [{ kind: 'payments', edge, batch }] }],
          });
        }),
      );
    },
    close() {
      into.close();
      beside.close();
    },
  };
}

/** The batch, when that is all of the message. */
function onlyWords(message: EdgeToShard): {
  readonly batchNo: number;
  readonly handle: number;
  readonly edge: number;
  readonly batch: Uint8Array;
} | null {
  if (message.kind !== 'inputs') return null;
  const [round, ...others] = message.rounds;
  const [input, ...more] = round?.inputs ?? [];
  if (round === undefined || input?.kind !== 'payments' || others.length + more.length > 0) return null;
  return { batchNo: message.batchNo, handle: round.handle, edge: input.edge, batch: input.batch };
}
