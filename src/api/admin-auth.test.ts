import { expect, it } from 'vitest';
import { createAdminCheck } from './admin-auth.ts';

it('only the exact token in the exact scheme passes', () => {
  const isAdmin = createAdminCheck('the-token');
  expect(isAdmin('Bearer the-token')).toBe(true);
  expect(isAdmin('bearer the-token')).toBe(true);
  const wrong = [
    '',
    'Bearer',
    'Bearer ',
    'Bearer the-toke',
    'Bearer the-token ',
    'Basic the-token',
    'the-token',
  ];
  for (const header of [undefined, ...wrong, `Bearer ${'x'.repeat(600)}`]) {
    expect(isAdmin(header), String(header)).toBe(false);
  }
});
