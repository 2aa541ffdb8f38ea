import { expect, it } from 'vitest';
import { PAY_BYTES } from '../protocol/frame-sizes.ts';
import { systemRandom } from '../platform/random.ts';
import { FakeSocket } from './testing/fake-socket.ts';
import { Rig } from './testing/rig.ts';
import type { Session } from './session.ts';
import { WordQueue } from './word-queue.ts';

function session(rig: Rig): Session {
  return rig.edge.opened(new FakeSocket(() => rig.edge));
}

/** A queue that notes whose words it verified, and the turn of the loop that was asked for. */
function rigged(onVerify: (queue: WordQueue) => void = () => undefined): {
  queue: WordQueue;
  verified: [Session, number][];
  turns: (() => void)[];
} {
  const verified: [Session, number][] = [];
  const turns: (() => void)[] = [];
  const queue: WordQueue = new WordQueue({
    verify: (of, frames, at) => {
      verified.push([of, frames[at] as number]);
      onVerify(queue);
    },
    defer: (run) => void turns.push(run),
  });
  return { queue, verified, turns };
}

function frame(first: number): Uint8Array {
  const bytes = systemRandom.bytes(PAY_BYTES);
  bytes[0] = first;
  return bytes;
}

it('verifies the words of a turn together, in the order they came, each once', () => {
  const rig = new Rig();
  const [a, b] = [session(rig), session(rig)];
  const { queue, verified, turns } = rigged();
  const reused = frame(1);
  queue.put(a, reused);
  reused[0] = 2; // a socket's buffer is used again
  queue.put(b, reused);
  reused[0] = 3;
  queue.put(a, reused);
  expect([verified.length, turns.length]).toEqual([0, 1]);
  turns[0]?.();
  expect(verified).toEqual([
    [a, 1],
    [b, 2],
    [a, 3],
  ]);
  turns[0]?.();
  expect(verified).toHaveLength(3);
});

it('asks for one turn at a time, also when something else could not wait for it', () => {
  const rig = new Rig();
  const a = session(rig);
  const { queue, verified, turns } = rigged();
  queue.put(a, frame(1));
  queue.settle();
  queue.put(a, frame(2));
  expect([verified.length, turns.length]).toEqual([1, 1]);
  turns[0]?.();
  queue.put(a, frame(3));
  expect([verified.length, turns.length]).toEqual([2, 2]);
});

it('does not wait with more than fit', () => {
  const rig = new Rig();
  const a = session(rig);
  const { queue, verified } = rigged();
  for (let no = 0; no < 2_500; no++) queue.put(a, frame(no % 256));
  expect(verified).toHaveLength(2_048);
  queue.settle();
  expect(verified.map(([, first]) => first)).toEqual(Array.from({ length: 2_500 }, (_, no) => no % 256));
});

it('verifies nothing twice when a word closes its session, which settles', () => {
  const rig = new Rig();
  const a = session(rig);
  const { queue, verified } = rigged((self) => self.settle());
  for (const first of [1, 2, 3]) queue.put(a, frame(first));
  queue.settle();
  expect(verified.map(([, first]) => first)).toEqual([1, 2, 3]);
});
