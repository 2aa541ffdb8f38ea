/** Answers of the dev chain, coded as ARC codes them: the number is what ARC's problem document carries. */

export const REASONS = {
  notExtended: '460 not in Extended Format',
  unlocking: '461 unlocking script',
  inputs: '462 inputs',
  malformed: '463 malformed',
  outputs: '464 outputs',
  fee: '465 fee too low',
  conflict: '466 conflict',
  size: '474 size',
} as const;
export type Reason = keyof typeof REASONS;

/** What one rule says: undefined is yes. */
export interface Refused {
  readonly reason: Reason;
  readonly detail: string;
}

export function refused(reason: Reason, detail: string): Refused {
  return { reason, detail };
}

export function describe(refusal: Refused): string {
  return `${REASONS[refusal.reason]}: ${refusal.detail}`;
}
