/** Every case, in the order of the data: from a word to the settlement of its round. */
import type { Case } from './case.ts';
import { codecCases } from './codec-cases.ts';
import { moneyCases } from './money-cases.ts';
import { roundCases } from './round-cases.ts';
import { settlementCases } from './settlement-cases.ts';
import { voucherCases } from './voucher-cases.ts';

export const CASES: readonly Case[] = [
  ...voucherCases,
  ...codecCases,
  ...roundCases,
  ...moneyCases,
  ...settlementCases,
];
