/** What the checker found, and how it adds up to the four numbers that have to be zero. */

/**
 * satsLost: somebody has less than is due. satsCreated: somebody has more than anybody paid. chargedTwice: one payment
 * was taken or given more than once. acksViolated: the engine said something and did not keep it. broken: anything else
 * that is not as documented.
 */
export type FindingKind = 'satsLost' | 'satsCreated' | 'chargedTwice' | 'acksViolated' | 'broken';

export interface Finding {
  readonly kind: FindingKind;
  /** 0 where the damage is no amount. */
  readonly sats: number;
  readonly what: string;
}

export interface Verdict {
  readonly satsLost: number;
  readonly satsCreated: number;
  /** How often. */
  readonly chargedTwice: number;
  readonly acksViolated: number;
  readonly broken: number;
}

export class Findings {
  readonly list: Finding[] = [];

  add(kind: FindingKind, what: string, sats = 0): void {
    this.list.push({ kind, sats, what });
  }

  /** Fewer than due is lost, more is created. */
  compare(what: string, actual: number | bigint, due: number | bigint): void {
    const difference = Number(BigInt(actual) - BigInt(due));
    if (difference < 0) this.add('satsLost', `${what}: ${actual} instead of ${due}`, -difference);
    if (difference > 0) this.add('satsCreated', `${what}: ${actual} instead of ${due}`, difference);
  }

  get verdict(): Verdict {
    const of = (kind: FindingKind): Finding[] => this.list.filter((finding) => finding.kind === kind);
    const sats = (kind: FindingKind): number => of(kind).reduce((sum, finding) => sum + finding.sats, 0);
    return {
      satsLost: sats('satsLost'),
      satsCreated: sats('satsCreated'),
      chargedTwice: of('chargedTwice').length,
      acksViolated: of('acksViolated').length,
      broken: of('broken').length,
    };
  }
}
