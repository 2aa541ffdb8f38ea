/** From the decoded map of a state frame to the state or the change it stands for; strict, never throws. */
import { LIMITS } from '../core/limits.ts';
import type { PublicDelta, PublicGift, PublicState, PublicSupporter } from '../round/public-state.ts';
import { PHASES, type Phase } from '../round/terms.ts';
import {
  allDefined,
  listField,
  nullableField,
  roundIdField,
  stringField,
  timeField,
  u32Field,
  uintField,
} from './fields.ts';
import type { Fields } from './msgpack.ts';
import { readChange, readGift, readParticipant, readResult, readSupporter } from './state-rows.ts';

function phaseField(value: unknown): Phase | undefined {
  return PHASES[uintField(value, PHASES.length - 1) ?? -1];
}

function supportersField(value: unknown): PublicSupporter[] | undefined {
  return listField(value, LIMITS.supportersShown, readSupporter);
}

function giftsField(value: unknown): PublicGift[] | undefined {
  return listField(value, LIMITS.giftsShown, readGift);
}

export function keyframeFromFields(fields: Fields | undefined): PublicState | undefined {
  if (fields === undefined) return undefined;
  return allDefined({
    roundId: roundIdField(fields['id']),
    title: stringField(fields['n'], LIMITS.titleCharsMax),
    phase: phaseField(fields['ph']),
    startsAtMs: timeField(fields['b']),
    endsAtMs: nullableField(fields['e'], timeField),
    endHeight: nullableField(fields['h'], u32Field),
    cutoffAtMs: nullableField(fields['c'], timeField),
    rateSatsPerSecond: uintField(fields['a'], LIMITS.rateSatsPerSecondMax),
    payEveryMs: u32Field(fields['y']),
    atMs: timeField(fields['t']),
    viewers: u32Field(fields['v']),
    participants: listField(fields['p'], LIMITS.participantsMax, readParticipant),
    supporters: supportersField(fields['s']),
    gifts: giftsField(fields['g']),
    result: nullableField(fields['r'], readResult),
  });
}

type Building = { -readonly [K in keyof PublicDelta]: PublicDelta[K] };

/** Sets `delta[name]` from a value that is there; false when it is there and not valid. */
function take<K extends keyof PublicDelta>(
  delta: Building,
  name: K,
  value: unknown,
  read: (value: unknown) => Building[K] | undefined,
): boolean {
  if (value === undefined) return true;
  const one = read(value);
  if (one === undefined) return false;
  delta[name] = one;
  return true;
}

export function deltaFromFields(fields: Fields | undefined): PublicDelta | undefined {
  const atMs = timeField(fields?.['t']);
  if (fields === undefined || atMs === undefined) return undefined;
  const delta: Building = { atMs };
  const valid =
    take(delta, 'phase', fields['ph'], phaseField) &&
    take(delta, 'startsAtMs', fields['b'], timeField) &&
    take(delta, 'endsAtMs', fields['e'], (value) => nullableField(value, timeField)) &&
    take(delta, 'cutoffAtMs', fields['c'], (value) => nullableField(value, timeField)) &&
    take(delta, 'payEveryMs', fields['y'], u32Field) &&
    take(delta, 'viewers', fields['v'], u32Field) &&
    take(delta, 'participants', fields['p'], (value) =>
      listField(value, LIMITS.participantsMax, readChange),
    ) &&
    take(delta, 'supporters', fields['s'], supportersField) &&
    take(delta, 'gifts', fields['g'], giftsField) &&
    take(delta, 'result', fields['r'], readResult);
  return valid ? delta : undefined;
}
