import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecordStore } from './record-store.ts';

test('records come back as they went in, whatever their sizes', () => {
  const record = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 600 }),
    fc.constantFrom(new Uint8Array(65_536).fill(3), new Uint8Array(40_000).fill(4)),
  );
  fc.assert(
    fc.property(fc.array(record, { maxLength: 60 }), (records) => {
      const store = new RecordStore();
      for (const bytes of records) store.add(bytes);
      for (const [number, bytes] of records.entries()) expect(store.at(number)).toEqual(bytes);
    }),
    { numRuns: 60 },
  );
});

test('a record is a copy of what was given', () => {
  const store = new RecordStore();
  const bytes = Uint8Array.of(1, 2, 3);
  store.add(bytes);
  bytes.fill(9);
  expect(store.at(0)).toEqual(Uint8Array.of(1, 2, 3));
  expect(() => store.at(1)).toThrow('the record is there');
});
