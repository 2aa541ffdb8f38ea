/**
 * KEYFRAME and DELTA: the frames that everybody who follows a round gets. Encoded once per round, so the body is
 * kept small: short keys, and arrays in place of maps for whatever there is more than one of.
 *
 *   offset  size  field
 *        0     1  type    0x90 keyframe, 0x91 delta
 *        1     4  handle  u32
 *        5     4  epoch   u32
 *        9     4  seq     u32
 *       13        body    one msgpack map, keys below
 *
 *   t atMs   ph phase   b startsAtMs   e endsAtMs   c cutoffAtMs   y payEveryMs   v viewers
 *   p participants   s supporters   g gifts   r result      and in a keyframe only:
 *   id roundId   n title   h endHeight   a rateSatsPerSecond
 */
import { assert } from '../core/assert.ts';
import { ByteWriter } from '../core/bytes.ts';
import type { PublicDelta, PublicState } from '../round/public-state.ts';
import { PHASES } from '../round/terms.ts';
import { FRAME_BYTES_MAX, STATE_HEAD_BYTES } from './frame-sizes.ts';
import { u32At } from './layout.ts';
import { type DeltaMessage, FRAME, type KeyframeMessage } from './messages.ts';
import { type Fields, packFrame, unpackMap } from './msgpack.ts';
import { deltaFromFields, keyframeFromFields } from './state-fields.ts';
import { changeRow, giftRow, participantRow, resultRow, supporterRow } from './state-rows.ts';

interface StateHead {
  readonly handle: number;
  readonly epoch: number;
  readonly seq: number;
}

const SCAN = { depthMax: 6, itemsMax: 4096 } as const;

/** The frame of a whole state. */
export function encodeKeyframe(input: StateHead & { readonly state: PublicState }): Uint8Array {
  const { state } = input;
  return frame(FRAME.KEYFRAME, input, {
    id: state.roundId,
    n: state.title,
    ph: PHASES.indexOf(state.phase),
    b: state.startsAtMs,
    e: state.endsAtMs,
    h: state.endHeight,
    c: state.cutoffAtMs,
    a: state.rateSatsPerSecond,
    y: state.payEveryMs,
    t: state.atMs,
    v: state.viewers,
    p: state.participants.map(participantRow),
    s: state.supporters.map(supporterRow),
    g: state.gifts.map(giftRow),
    r: state.result === null ? null : resultRow(state.result),
  });
}

/** The frame of a change; what is absent in `delta` is absent in the frame. */
export function encodeDelta(input: StateHead & { readonly delta: PublicDelta }): Uint8Array {
  const { delta } = input;
  const body: Record<string, unknown> = { t: delta.atMs };
  if (delta.phase !== undefined) body['ph'] = PHASES.indexOf(delta.phase);
  if (delta.startsAtMs !== undefined) body['b'] = delta.startsAtMs;
  if (delta.endsAtMs !== undefined) body['e'] = delta.endsAtMs;
  if (delta.cutoffAtMs !== undefined) body['c'] = delta.cutoffAtMs;
  if (delta.payEveryMs !== undefined) body['y'] = delta.payEveryMs;
  if (delta.viewers !== undefined) body['v'] = delta.viewers;
  if (delta.participants !== undefined) body['p'] = delta.participants.map(changeRow);
  if (delta.supporters !== undefined) body['s'] = delta.supporters.map(supporterRow);
  if (delta.gifts !== undefined) body['g'] = delta.gifts.map(giftRow);
  if (delta.result !== undefined) body['r'] = resultRow(delta.result);
  return frame(FRAME.DELTA, input, body);
}

function frame(type: typeof FRAME.KEYFRAME | typeof FRAME.DELTA, head: StateHead, body: Fields): Uint8Array {
  const header = new ByteWriter(STATE_HEAD_BYTES).u8(type).u32(head.handle).u32(head.epoch).u32(head.seq);
  const out = packFrame(header.finish(), body);
  assert(out.length <= FRAME_BYTES_MAX.KEYFRAME, 'a state frame fits its limit');
  return out;
}

/** Undefined when it is not a valid keyframe. */
export function decodeKeyframe(bytes: Uint8Array): KeyframeMessage | undefined {
  const state = keyframeFromFields(bodyOf(bytes));
  return state === undefined ? undefined : { type: FRAME.KEYFRAME, ...headOf(bytes), state };
}

/** Undefined when it is not a valid delta. */
export function decodeDelta(bytes: Uint8Array): DeltaMessage | undefined {
  const delta = deltaFromFields(bodyOf(bytes));
  return delta === undefined ? undefined : { type: FRAME.DELTA, ...headOf(bytes), delta };
}

function headOf(bytes: Uint8Array): StateHead {
  return { handle: u32At(bytes, 1), epoch: u32At(bytes, 5), seq: u32At(bytes, 9) };
}

function bodyOf(bytes: Uint8Array): Fields | undefined {
  if (bytes.length < STATE_HEAD_BYTES || bytes.length > FRAME_BYTES_MAX.KEYFRAME) return undefined;
  return unpackMap(bytes, STATE_HEAD_BYTES, SCAN);
}
