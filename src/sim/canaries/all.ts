/** Every planted bug, by name. */
import type { Canary } from './canary.ts';
import { MONEY_CANARIES } from './money-canaries.ts';
import { PAYMENT_CANARIES } from './payment-canaries.ts';
import { STORE_CANARIES } from './store-canaries.ts';

export const CANARIES: readonly Canary[] = [...PAYMENT_CANARIES, ...MONEY_CANARIES, ...STORE_CANARIES];
