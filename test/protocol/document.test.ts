/** docs/PROTOCOL.md against the code: what a client author reads there is what the engine does. */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromHex } from '../../src/core/bytes.ts';
import { CODES, type Code } from '../../src/core/errors.ts';
import { LIMITS, WS_PATH } from '../../src/core/limits.ts';
import { CLOSE, reconnectAdvice } from '../../src/protocol/close-codes.ts';
import { FRAME_BYTES_MAX } from '../../src/protocol/frame-sizes.ts';
import { FRAME, SUBPROTOCOL } from '../../src/protocol/messages.ts';
import { EDGE_TUNING } from '../../src/edge/settings.ts';
import { ROUND_BOUNDS } from '../../src/round/bounds.ts';
import type { StreamEndReason } from '../../src/round/effects.ts';
import { PHASES } from '../../src/round/terms.ts';
import { LINGER_MS } from '../../src/round-keeper.ts';
import { readMsgpack } from './mini-msgpack.ts';
import { readVectors } from './vector-file.ts';

const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('docs/PROTOCOL.md', root), 'utf8');
const vectors = readVectors();
const frames = [...vectors.clientFrames, ...vectors.serverFrames];

/** From a heading to the next one of any level. */
function section(heading: string): string {
  const start = text.indexOf(`\n${heading}`);
  expect(start, heading).toBeGreaterThan(0);
  const end = text.indexOf('\n#', start + heading.length);
  return text.slice(start, end < 0 ? undefined : end);
}

/** Cells of the rows of the tables in a section, without their headers. */
function rows(part: string): string[][] {
  const lines = part.split('\n').filter((line) => line.startsWith('|'));
  const isHeader = (at: number): boolean =>
    /^[|-]+$/.test(lines[at + 1] ?? '') || /^[|-]+$/.test(lines[at] ?? '');
  return lines
    .filter((_, at) => !isHeader(at))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** What is between backquotes, or undefined. */
function name(cell: string | undefined): string | undefined {
  return cell?.match(/^`(\w+)`$/)?.[1];
}

test('names the path and the subprotocol', () => {
  expect(section('## 1 Transport')).toContain(`${WS_PATH}\``);
  expect(section('## 1 Transport')).toContain(`\`${SUBPROTOCOL}\``);
});

describe('the table of frames', () => {
  const table = rows(section('## 4 Frames'));

  test('has every frame type, its sender and its largest size', () => {
    const documented = table.map(([type, frame, from, , size]) => [type, frame, from, size]);
    const real = Object.entries(FRAME).map(([frame, type]) => [
      `0x${type.toString(16).padStart(2, '0')}`,
      frame,
      type < 0x80 ? 'client' : 'server',
      `${FRAME_BYTES_MAX[frame as keyof typeof FRAME]}`,
    ]);
    expect(documented).toEqual(real);
  });

  test.each(table.filter((row) => row[3] === 'msgpack'))(
    '%s %s has a table of all its keys',
    (type, frame) => {
      const documented = rows(section(`### ${frame} ${type}`)).flatMap(([key]) => name(key) ?? []);
      const reasons = frame === 'ENDED' ? Object.keys(REASONS) : [];
      expect(new Set(documented.filter((key) => !reasons.includes(key)))).toEqual(keysOf(frame ?? '', 1));
    },
  );

  test.each(table.filter((row) => row[3] === 'fixed'))(
    '%s %s has a layout without gaps',
    (type, frame, _f, _b, size) => {
      const layout = rows(section(`### ${frame} ${type}`));
      let end = 0;
      for (const [offset, bytes] of layout) {
        if (offset?.includes(' i') === true) continue; // records, whose offsets depend on their number
        expect(Number(offset)).toBe(end);
        end += Number(bytes);
      }
      const record = layout
        .filter(([offset]) => offset?.includes(' i'))
        .reduce((sum, row) => sum + Number(row[1]), 0);
      expect(end + LIMITS.chainsMax * record).toBe(Number(size));
    },
  );
});

/** Keys of the msgpack bodies of all vectors of a frame. */
function keysOf(frame: string, offset: number): Set<string> {
  const bodies = frames
    .filter((vector) => vector.name.split(',')[0] === frame)
    .map((vector) => readMsgpack(fromHex(vector.hex).subarray(offset)) as object);
  return new Set(bodies.flatMap((body) => Object.keys(body)));
}

const REASONS: Readonly<Record<StreamEndReason, true>> = {
  closed: true,
  replaced: true,
  taken: true,
  roundOver: true,
  cancelled: true,
};

test('has every reason for the end of a stream', () => {
  const documented = rows(section('### ENDED 0x86')).flatMap(([key]) => name(key) ?? []);
  expect(documented.slice(-5)).toEqual(Object.keys(REASONS));
});

test('has every key of state frames, and what a delta leaves out', () => {
  const keyframe = rows(section('### Body of a KEYFRAME'))
    .filter((row) => row.length === 3)
    .flatMap(([key]) => (/^\d/.test(key ?? '') ? [] : (name(key) ?? [])));
  expect(new Set(keyframe)).toEqual(keysOf('KEYFRAME', 13));
  const leftOut = section('### Body of a DELTA').match(/without (.*?)\. /)?.[1];
  const absent = [...`${leftOut}`.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? '');
  const inDelta = keysOf('DELTA', 13);
  expect([...keysOf('KEYFRAME', 13)].filter((key) => !inDelta.has(key))).toEqual(absent);
});

test('has the phases under their numbers', () => {
  const table = rows(section('### Body of a KEYFRAME')).filter(([key]) => /^\d+$/.test(key ?? ''));
  expect(table.map(([number, phase]) => [Number(number), name(phase)])).toEqual(
    PHASES.map((phase, number) => [number, phase]),
  );
});

/** Codes that the rooms behind the wire name, wherever they do: those are the ones an ERROR can carry. */
function codesOnTheWire(): Set<string> {
  const files = ['edge', 'round', 'voucher'].flatMap((room) =>
    readdirSync(new URL(`src/${room}/`, root), { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
      .map((entry) => `src/${room}/${entry.name}`),
  );
  const sources = [...files, 'src/protocol/client-codec.ts', 'src/actors/shard.ts'].map((file) =>
    readFileSync(new URL(file, root), 'utf8'),
  );
  // Thrown faults of operation end a thread or a promise; nobody is told them by a frame.
  const literals = sources.flatMap((source) =>
    [...source.matchAll(/(?<!EngineError\()'([A-Z][A-Z_]+)'/g)].map((match) => match[1] ?? ''),
  );
  // The one refusal of the store's `hold`, which a round passes on without naming it.
  return new Set([...literals.filter((literal) => Object.hasOwn(CODES, literal)), 'INSUFFICIENT_FUNDS']);
}

test('has every code that an ERROR can carry, and whether to try again', () => {
  const table = rows(section('## 14 Errors'));
  expect(new Set(table.map(([code]) => name(code)))).toEqual(codesOnTheWire());
  for (const [code, retryable] of table) {
    expect(retryable === 'yes', code).toBe(CODES[name(code) as Code].retryable);
  }
});

test('has every close code and what to do', () => {
  const documented = rows(section('## 15 Close codes')).map(([code, closeName, reconnect]) => [
    closeName,
    Number(code),
    reconnect,
  ]);
  expect(documented).toEqual(
    Object.entries(CLOSE).map(([closeName, code]) => [closeName, code, reconnectAdvice(code)]),
  );
});

test('has every limit with its value', () => {
  const table = rows(section('## 16 Limits')).map(([limit, value]) => [limit, Number(value)] as const);
  const documented = table.slice(0, Object.keys(LIMITS).length);
  expect(Object.fromEntries(documented)).toEqual(LIMITS);
  const { committedSatsMax, pendingOpensMax, clapsPerTargetMax } = ROUND_BOUNDS;
  expect(table.slice(documented.length).map(([, value]) => value)).toEqual([
    committedSatsMax,
    pendingOpensMax,
    clapsPerTargetMax,
  ]);
  expect(section('## 16 Limits')).toContain(`at most ${EDGE_TUNING.requestsMax} requests`);
  expect(section('## 16 Limits')).toContain(`STREAM ${EDGE_TUNING.heldMax} of its`);
});

test('says how long frames and finished rounds are kept', () => {
  const { ringFramesMax, ringAgeMs } = EDGE_TUNING;
  expect(section('## 13 Coming back')).toMatch(
    new RegExp(`at most ${ringFramesMax} frames[^.]*, and none for longer than ${ringAgeMs / 1000} seconds`),
  );
  expect(section('## 14 Errors')).toContain(`settled or cancelled for ${LINGER_MS / 1000} seconds`);
});

test('shows a session of frames that are in the vectors', () => {
  const block = section('## 18 A session').match(/```\n([^`]*)```/)?.[1] ?? '';
  const shown = block
    .replaceAll(/\n +/g, '')
    .trim()
    .split('\n')
    .map((line) => line.split(/ +/));
  expect(shown.length).toBeGreaterThan(15);
  for (const [side, frame, hex] of shown) {
    const known = side === 'C' ? vectors.clientFrames : vectors.serverFrames;
    const match = known.find((vector) => vector.hex === hex);
    expect(match?.name.split(',')[0], `${side} ${frame}`).toBe(frame);
  }
});
