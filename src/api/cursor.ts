/** The place in a list where the next page begins: opaque to clients, so that its content may change. */
import { isRoundId } from '../core/ids.ts';
import type { RoundId } from '../core/ids.ts';

export interface RoundCursor {
  readonly createdAtMs: number;
  readonly roundId: RoundId;
}

export function encodeCursor({ createdAtMs, roundId }: RoundCursor): string {
  return Buffer.from(`${createdAtMs}.${roundId}`).toString('base64url');
}

/** Undefined for anything that `encodeCursor` has not made. */
export function decodeCursor(text: string): RoundCursor | undefined {
  const [, time, id] = /^(\d{1,16})\.(.+)$/.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  if (time === undefined || !isRoundId(id)) return undefined;
  const cursor = { createdAtMs: Number(time), roundId: id };
  return Number.isSafeInteger(cursor.createdAtMs) && encodeCursor(cursor) === text ? cursor : undefined;
}
