import { describe, expect, it } from 'vitest';
import type { RoundId, StreamId } from '../core/ids.ts';
import {
  type ClientStorage,
  type KeyValues,
  type StreamRecord,
  keyValueStorage,
  memoryStorage,
} from './storage.ts';

function values(): KeyValues & { readonly map: Map<string, string> } {
  const map = new Map<string, string>();
  return {
    map,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
  };
}

function record(roundId = 'r-1'): StreamRecord {
  return {
    roundId: roundId as RoundId,
    streamId: 'ab'.repeat(16) as StreamId,
    chains: [
      { unitSats: 1, length: 700, seed: new Uint8Array(32).fill(1) },
      { unitSats: 1_000, length: 30, seed: new Uint8Array(32).fill(2) },
    ],
    holdSats: 30_600,
    earlierSats: 7,
    revealed: [312, 25],
    watching: 1,
    gifts: [
      { target: 0, sats: 25_300, span: { from: [12, 0], to: [312, 25] } },
      { target: 1, sats: 10, span: null },
    ],
  };
}

describe.each([
  ['memory', () => memoryStorage()],
  ['key and value', () => keyValueStorage(values(), 'test:')],
])('storage in %s', (_name, open: () => ClientStorage) => {
  it('gives back what was saved, and nothing after it was dropped', () => {
    const storage = open();
    expect(storage.loadKey()).toBeNull();
    expect(storage.loadStream('r-1' as RoundId)).toBeNull();
    storage.saveKey(new Uint8Array(32).fill(5));
    storage.saveStream(record());
    expect(storage.loadKey()).toEqual(new Uint8Array(32).fill(5));
    expect(storage.loadStream('r-1' as RoundId)).toEqual(record());
    storage.dropStream('r-1' as RoundId);
    expect(storage.loadStream('r-1' as RoundId)).toBeNull();
  });
});

describe('storage in keys and values', () => {
  it('treats whatever is damaged as absent', () => {
    const under = values();
    const storage = keyValueStorage(under, '');
    storage.saveKey(new Uint8Array(32));
    storage.saveStream(record());
    const whole = under.map.get('stream:r-1') ?? '';
    for (const damaged of [
      '',
      'null',
      '{}',
      whole.slice(0, -3),
      whole.replace('"holdSats":30600', '"holdSats":-1'),
      whole.replace('[312,25]', '[312]'),
      whole.replace('"watching":1', '"watching":"1"'),
      whole.replace('r-1', 'r-2'),
      whole.replace('0101', 'zz01'),
    ]) {
      under.map.set('stream:r-1', damaged);
      expect(storage.loadStream('r-1' as RoundId), damaged).toBeNull();
    }
    under.map.set('key', 'abcd');
    expect(storage.loadKey()).toBeNull();
  });

  it('keeps the newest streams only', () => {
    const under = values();
    const storage = keyValueStorage(under, '');
    for (let i = 0; i < 40; i++) storage.saveStream(record(`r-${i}`));
    expect([...under.map.keys()].filter((key) => key.startsWith('stream:'))).toHaveLength(16);
    expect(storage.loadStream('r-39' as RoundId)).not.toBeNull();
    expect(storage.loadStream('r-0' as RoundId)).toBeNull();
  });
});
