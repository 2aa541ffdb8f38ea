import { describe, expect, it } from 'vitest';
import { EngineError } from '../core/errors.ts';
import { restoreRound } from './restore.ts';
import { encodeSnapshot } from './save-codec.ts';
import { START, RoundDriver, live, testTerms } from './test-driver.ts';

const terms = testTerms();

function codeOf(snapshot: Uint8Array | null, segments: readonly Uint8Array[] = []): string {
  try {
    restoreRound({ terms, epoch: 2, snapshot, segments });
    return 'restored';
  } catch (error) {
    return error instanceof EngineError ? error.code : `threw ${String(error)}`;
  }
}

/** One stream with a watched second, a gift, a vote and claps. */
function saved(): Uint8Array {
  const round = live();
  const slot = round.open({ stream: 1 });
  round.nowMs += 2_000;
  round.send(round.words({ slot, index: 1 }));
  round.send(round.words({ slot, index: 2, chain: 1, target: 1, gift: true }));
  round.send({ kind: 'vote', edge: 0, conn: 1, slot, target: 2 });
  round.send({ kind: 'clap', edge: 0, conn: 1, slot, target: 0, count: 3 });
  return encodeSnapshot(round.state);
}

/** Offsets from the start of the facts, and from the end of the save. */
const FACTS = 3 + 1 + 8 + 2 + terms.roundId.length + 1;
const CLAP_MASK = 6;
const VOTE = CLAP_MASK + 2 + 8 + 2 + 8 + (1 + 2 * 36) + 1;

function damaged(at: number, to: number): Uint8Array {
  const bytes = saved();
  const index = at < 0 ? bytes.length + at : at;
  expect(bytes[index]).not.toBe(to);
  bytes[index] = to;
  return bytes;
}

describe('a save that was damaged', () => {
  it('is restored while it is whole', () => {
    expect(codeOf(saved())).toBe('restored');
  });

  it.each([
    ['another kind of file', 0, 0],
    ['a phase without its start', FACTS + 17, 0],
    ['a flag that is neither there nor not', FACTS + 17, 2],
    ['a vote for nobody that exists', -VOTE, 3],
    ['somebody watched who does not exist', -VOTE - 1, 9],
    ['claps beyond the last participant', -CLAP_MASK, 0x81],
    ['a tip that its payments do not prove', -(VOTE - 2), 2],
  ])('is a fault of the store, not a bug that ends the shard: %s', (_, at, to) => {
    expect(codeOf(damaged(at, to))).toBe('STORE_FAILED');
  });

  it('is refused wherever it is cut', () => {
    const bytes = saved();
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(bytes.subarray(0, length))).toBe('STORE_FAILED');
    }
  });

  it('is refused when a segment is missing', () => {
    const round = new RoundDriver(terms);
    round.runTo(START);
    const slot = round.open({ stream: 1 });
    for (const index of [1, 2, 3]) {
      round.nowMs += 1_000;
      round.send(round.words({ slot, index }));
    }
    const base = round.snapshot?.bytes ?? null;
    const segments = round.segments.map(({ bytes }) => bytes);
    expect(codeOf(base, segments)).toBe('restored');
    expect(codeOf(base, segments.toSpliced(-2, 1))).toBe('STORE_FAILED');
  });

  it('is refused when a gift names a stream that is not there', () => {
    const bytes = saved();
    // The gift log is before the two counts of rows and the one row; its slot is after the gift's number.
    const gift = FACTS + 17 + 9 + 9 + 1 + 1 + 2 + 4 + 2 + 1 + terms.participants.length * 24 + 9;
    expect(bytes[gift]).toBe(1);
    bytes[gift + 8] = 7;
    expect(codeOf(bytes)).toBe('STORE_FAILED');
  });
});
