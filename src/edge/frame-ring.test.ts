import { expect, it } from 'vitest';
import { FrameRing } from './frame-ring.ts';

const frame = (seq: number): Uint8Array => Uint8Array.of(seq);

function ringOf(from: number, to: number, framesMax = 4): FrameRing {
  const ring = new FrameRing({ framesMax, ageMs: 1_000 });
  for (let seq = from; seq <= to; seq++) ring.push(seq, frame(seq), 0);
  return ring;
}

it('gives all frames after a seq, or none at all', () => {
  const ring = ringOf(10, 13);
  expect(ring.after(9)).toEqual([10, 11, 12, 13].map(frame));
  expect(ring.after(12)).toEqual([frame(13)]);
  expect(ring.after(8)).toBeUndefined();
  expect(ring.after(13)).toBeUndefined();
  expect(new FrameRing({ framesMax: 4, ageMs: 1 }).after(0)).toBeUndefined();
});

it('keeps the newest frames, however many came', () => {
  const ring = ringOf(1, 1_000);
  expect(ring.size).toBe(4);
  expect(ring.after(996)).toEqual([997, 998, 999, 1_000].map((seq) => frame(seq)));
  expect(ring.after(995)).toBeUndefined();
});

it('lets go of frames that are too old', () => {
  const ring = ringOf(1, 3);
  ring.push(4, frame(4), 1_001);
  expect(ring.size).toBe(1);
  expect(ring.after(3)).toEqual([frame(4)]);
});

it('starts anywhere after it was cleared, and nowhere else', () => {
  const ring = ringOf(1, 3);
  expect(() => ring.push(5, frame(5), 0)).toThrow('follow');
  ring.clear();
  ring.push(70, frame(70), 0);
  expect(ring.after(69)).toEqual([frame(70)]);
});
