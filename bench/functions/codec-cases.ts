/** The wire and the link between threads. */
import { Packr } from 'msgpackr';
import { assert } from '../../src/core/assert.ts';
import { decodeClient, encodeClient } from '../../src/protocol/client-codec.ts';
import { FRAME } from '../../src/protocol/messages.ts';
import { encodeDelta, encodeKeyframe } from '../../src/protocol/state-codec.ts';
import { forEachPayment, PaymentBatchWriter, PURPOSE_WATCH } from '../../src/round/payment-batch.ts';
import { diffState } from '../../src/round/public-delta.ts';
import type { PublicDelta, PublicState } from '../../src/round/public-state.ts';
import { publicState } from '../../src/round/publish.ts';
import { testWord } from '../../src/round/test-driver.ts';
import type { Case } from './case.ts';
import { liveRound, payment, stepDurably } from './round-fixture.ts';

const ROWS = 1_000;
const PARTICIPANTS = 8;
const HEAD = { handle: 1, epoch: 1, seq: 1 } as const;
const PACKED = 'msgpackr, the same data with its names';

export const codecCases: readonly Case[] = [
  {
    name: 'payment-batch-encode',
    what: 'One row of a batch of 1,000 payments, as an edge writes it.',
    unit: 'ns',
    operations: ROWS,
    ours: () => {
      const words = Array.from({ length: ROWS }, (_, slot) => testWord(slot, 0, 1));
      const writer = new PaymentBatchWriter();
      const row = { slot: 0, index: 1, chain: 0, purpose: PURPOSE_WATCH, target: 1, flags: 0, conn: 0 };
      return {
        run: () => {
          for (const [slot, word] of words.entries()) writer.add({ ...row, slot, conn: slot, word });
          return writer.take();
        },
      };
    },
  },
  {
    name: 'payment-batch-decode',
    what: 'One row of a batch of 1,000 payments, read.',
    unit: 'ns',
    operations: ROWS,
    ours: () => {
      const input = payment(ROWS, 1, PARTICIPANTS);
      assert(input.kind === 'payments', 'it is a batch');
      return {
        run: () => {
          let sum = 0;
          forEachPayment(input.batch, (row) => {
            sum += row.index + (row.word[0] ?? 0);
          });
          return sum;
        },
      };
    },
  },
  {
    name: 'pay-frame-decode',
    what: 'A PAY frame of a viewer, decoded.',
    unit: 'ns',
    operations: ROWS,
    ours: () => {
      const frames = Array.from({ length: ROWS }, (_, index) =>
        encodeClient({
          type: FRAME.PAY,
          stream: 1,
          target: 0,
          reveal: { chain: 0, index, word: testWord(1, 0, index) },
        }),
      );
      return {
        run: () => {
          let good = 0;
          for (const frame of frames) if (decodeClient(frame).ok) good++;
          assert(good === ROWS, 'every frame is good');
        },
      };
    },
  },
  {
    name: 'keyframe-encode',
    what: 'The whole public state of a round with 8 participants.',
    unit: 'µs',
    operations: 1,
    ours: () => {
      const { state } = stateFrames();
      return { run: () => encodeKeyframe({ ...HEAD, state }) };
    },
    base: {
      name: PACKED,
      task: () => {
        const { state } = stateFrames();
        const packr = new Packr({ useRecords: false });
        return { run: () => packr.pack(state) };
      },
    },
  },
  {
    name: 'delta-encode',
    what: 'What a second of payments changes in it.',
    unit: 'µs',
    operations: 1,
    ours: () => {
      const { delta } = stateFrames();
      return { run: () => encodeDelta({ ...HEAD, delta }) };
    },
    base: {
      name: PACKED,
      task: () => {
        const { delta } = stateFrames();
        const packr = new Packr({ useRecords: false });
        return { run: () => packr.pack(delta) };
      },
    },
  },
];

/** What was published, and what a second of payments changed. */
function stateFrames(): { readonly state: PublicState; readonly delta: PublicDelta } {
  const { state: round, nowMs } = liveRound(ROWS, PARTICIPANTS);
  const supporters = round.session.frames.published?.supporters ?? [];
  const state = publicState(round, supporters);
  stepDurably(round, nowMs + 1_000, [payment(ROWS, 2, PARTICIPANTS)]);
  const delta = diffState(state, publicState(round, supporters));
  assert(delta?.participants?.length === PARTICIPANTS, 'every participant was paid');
  return { state, delta };
}
