import { describe, expect, it } from 'vitest';
import { GIVERS, giftNo, giftSats } from './scenario.ts';

describe('gifts of the peers bench', () => {
  it('are told apart by who gave and how much', () => {
    for (let no = 1; no <= 1_000; no++) expect(giftNo((no - 1) % GIVERS, giftSats(no))).toBe(no);
  });
});
