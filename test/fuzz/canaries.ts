/**
 * Faults planted one at a time into what the fuzzer drives; a fuzzer that misses one of them proves nothing. Each is
 * a fault that a decoder, a session or an engine could really have.
 */
import { Prng } from '../../src/core/prng.ts';
import { decodeClient, encodeClient } from '../../src/protocol/client-codec.ts';
import { FRAME } from '../../src/protocol/messages.ts';
import { decodeCommitment, encodeCommitment } from '../../src/voucher/commitment.ts';
import { followMerklePath } from '../../src/core/block.ts';
import { sha256 } from '../../src/platform/hash.ts';
import { type Failure, runDecoders } from './decoder-run.ts';
import { SessionModel } from './live/session-model.ts';
import { MemoryWatch, ownMemory } from './memory.ts';
import { mutated } from './mutate.ts';
import { Finding, type Target, checkCodec, insist } from './target.ts';
import { clientFrames, hasFixedLayout } from './targets/frames.ts';
import { merklePaths } from './targets/chain.ts';
import { commitments } from './targets/vouchers.ts';

export interface Canary {
  readonly name: string;
  /** What caught it; null: nothing did. */
  readonly by: string | null;
}

const SECONDS_EACH = 1.5;
const LEAK_BYTES = 2_048;

type Frame = Exclude<ReturnType<typeof decodeClient>, { ok: false }>['message'];

/** Client frames with a decoder that does something else now and then. */
function frames(decode: (bytes: Uint8Array) => Frame | undefined): Target {
  return {
    ...clientFrames,
    run: (input) => checkCodec({ decode, encode: encodeClient, isCanonical: hasFixedLayout }, input),
  };
}

function sound(bytes: Uint8Array): Frame | undefined {
  const decoded = decodeClient(bytes);
  return decoded.ok ? decoded.message : undefined;
}

const held: Uint8Array[] = [];

const PLANTED: Readonly<Record<string, () => Target>> = {
  'a decoder that throws for a claim beyond its input': () =>
    frames((bytes) => {
      if (bytes[0] === FRAME.GIFT && (bytes[4] ?? 0) > 4) throw new RangeError('offset is out of bounds');
      return sound(bytes);
    }),
  'a decoder that keeps every refused frame': () =>
    frames((bytes) => {
      const message = sound(bytes);
      if (message === undefined) held.push(new Uint8Array(LEAK_BYTES));
      return message;
    }),
  'a decoder that takes a frame with bytes left over': () =>
    frames((bytes) => sound(bytes[0] === FRAME.TIME ? bytes.subarray(0, 5) : bytes)),
  'a decoder that hands out views of the socket buffer': () =>
    frames((bytes) => {
      const message = sound(bytes);
      if (message?.type !== FRAME.PAY) return message;
      return { ...message, reveal: { ...message.reveal, word: bytes.subarray(9, 41) } };
    }),
  'a decoder that takes time quadratic in its input': () =>
    frames((bytes) => {
      if (bytes.length > 10_000) for (let i = 0; i < bytes.length ** 2 / 6; i++) held.length &&= 0;
      return sound(bytes);
    }),
  'a commitment that is accepted with its expiry before its beginning': () => ({
    ...commitments,
    run: (input) =>
      checkCodec(
        {
          decode(bytes) {
            const decoded = decodeCommitment(bytes);
            return decoded.ok
              ? { ...decoded.commitment, expiryMs: decoded.commitment.notBeforeMs }
              : undefined;
          },
          encode: encodeCommitment,
          isCanonical: true,
        },
        input,
      ),
  }),
  'a Merkle path that is accepted with something after its end': () => ({
    ...merklePaths,
    run(input) {
      const path = input.subarray(32);
      for (let cut = path.length; cut > path.length - 8 && cut > 0; cut--) {
        const followed = followMerklePath(path.subarray(0, cut), input.subarray(0, 32), sha256);
        if (followed === undefined) continue;
        insist(cut === path.length, 'the transaction has a second path to the same root');
        return 'accepted';
      }
      return 'refused';
    },
  }),
};

export function runCanaries(seed: number, secondsEach: number = SECONDS_EACH): readonly Canary[] {
  const found = Object.entries(PLANTED).map(([name, make]) => {
    held.length = 0;
    const run = runDecoders([make()], secondsEach, seed, 1);
    held.length = 0;
    return {
      name,
      by: firstOf(run.failures) ?? (run.memory.ok ? null : `memory: ${run.memory.heapGrowthMiB} MiB`),
    };
  });
  return [...found, ...sessionCanaries(), leakSlowly(), unchanged(seed)];
}

function firstOf([first]: readonly Failure[]): string | null {
  return first === undefined ? null : (first.finding.split('\n')[0] ?? null);
}

/** Answers that an edge must not give, as a session would see them. */
function sessionCanaries(): Canary[] {
  const error = { type: FRAME.ERROR, ref: 0, stream: null, message: 'x', frame: 0 } as const;
  const cases: Readonly<Record<string, () => void>> = {
    'an edge that says nothing to a bad frame': () => {
      const model = new SessionModel();
      model.expected.push('BAD_FRAME');
      model.checkAnswered();
    },
    'an edge that answers with a code of its own': () =>
      new SessionModel().look([{ ...error, code: 'OOPS', retryable: false } as never]),
    'an edge that lets the third protocol error pass': () => {
      const model = new SessionModel();
      for (let no = 0; no < 3; no++) model.expected.push('BAD_FRAME');
      model.look([1, 2, 3].map(() => ({ ...error, code: 'BAD_FRAME', retryable: false })));
      model.checkAnswered();
    },
    'an edge that hangs up for no reason': () => new SessionModel().checkEnd(1006),
    'an edge that leaves out a DELTA': () => {
      const state = { handle: 1, epoch: 1 };
      const model = new SessionModel();
      model.look([
        { type: FRAME.KEYFRAME, ...state, seq: 4, state: {} as never },
        { type: FRAME.DELTA, ...state, seq: 6, delta: { atMs: 1 } },
      ]);
    },
  };
  return Object.entries(cases).map(([name, run]) => {
    try {
      run();
      return { name, by: null };
    } catch (error_) {
      if (error_ instanceof Finding) return { name, by: error_.message };
      throw error_;
    }
  });
}

/** Growth that is slow beside the noise of collections is seen in the middle of many samples. */
function leakSlowly(): Canary {
  const watch = new MemoryWatch({ heapMiBMax: 8, rssMiBMax: 1_000 });
  const kept: Uint8Array[] = [];
  for (let no = 0; no < 24; no++) {
    kept.push(new Uint8Array(1024 * 1024).fill(no));
    watch.add(ownMemory());
  }
  const { ok, heapGrowthMiB } = watch.report();
  return {
    name: `a leak of ${kept.length} MiB in as many steps`,
    by: ok ? null : `${heapGrowthMiB} MiB more`,
  };
}

/** The same seed gives the same inputs, or a replay would be of something else. */
function unchanged(seed: number): Canary {
  const inputs = [0, 1].map(() => {
    const corpus = commitments.corpus(new Prng(seed));
    const random = new Prng(seed);
    return JSON.stringify(Array.from({ length: 50 }, () => [...mutated(random, corpus)]));
  });
  const other = JSON.stringify([...mutated(new Prng(seed + 1), commitments.corpus(new Prng(seed)))]);
  const same = inputs[0] === inputs[1] && !(inputs[0] ?? '').includes(other.slice(0, 60));
  return {
    name: 'inputs that depend on anything but the seed',
    by: same ? 'the same seed gives the same' : null,
  };
}
