/** Whether terms make a round that can be run and settled. Pure. */
import { LIMITS } from '../core/limits.ts';
import { isAccountId, isParticipantId, isRoundId } from '../core/ids.ts';
import { BPS_WHOLE, SATS_MAX } from '../core/sats.ts';
import { NETWORKS } from '../voucher/types.ts';
import { ROUND_BOUNDS } from './bounds.ts';
import type { ParticipantTerms, PrizeTable, RoundTerms } from './terms.ts';

export interface TermsProblem {
  /** Path of the field, as `participants[1].id`. */
  readonly field: string;
  readonly message: string;
}

/** Every rule that the terms break, in the order of the fields; an empty list means that they are good. */
export function checkTerms(terms: RoundTerms): readonly TermsProblem[] {
  const problems = new Problems();
  problems.unless(isRoundId(terms.roundId), 'roundId', 'has to be 1 to 48 characters of a-z 0-9 -');
  problems.unless(NETWORKS.includes(terms.network), 'network', `has to be one of ${NETWORKS.join(', ')}`);
  problems.text(terms.title, 'title', LIMITS.titleCharsMax);
  checkParticipants(problems, terms.participants);
  checkTimes(problems, terms);
  problems.integer(terms.rateSatsPerSecond, 'rateSatsPerSecond', {
    min: 1,
    max: LIMITS.rateSatsPerSecondMax,
  });
  problems.integer(terms.directBps, 'directBps', { min: 4000, max: 4500 });
  checkPrize(problems, terms.prize);
  checkScoring(problems, terms.scoring);
  checkOvertime(problems, terms);
  problems.integer(terms.closingMs, 'closingMs', { min: 0, max: ROUND_BOUNDS.closingMsMax });
  problems.integer(terms.payoutMinSats, 'payoutMinSats', { min: 1, max: SATS_MAX });
  problems.unless(
    isAccountId(terms.platformAccount),
    'platformAccount',
    'has to be 40 lower-case hex digits',
  );
  return problems.list;
}

function checkParticipants(problems: Problems, participants: readonly ParticipantTerms[]): void {
  const { participantsMin, participantsMax } = LIMITS;
  problems.unless(
    participants.length >= participantsMin && participants.length <= participantsMax,
    'participants',
    `has to have ${participantsMin} to ${participantsMax} entries`,
  );
  const seen = new Set<string>();
  for (const [index, participant] of participants.entries()) {
    const field = `participants[${index}]`;
    problems.unless(
      isParticipantId(participant.id),
      `${field}.id`,
      'has to be 1 to 24 characters of a-z 0-9 -',
    );
    problems.unless(!seen.has(participant.id), `${field}.id`, 'is the id of another participant');
    seen.add(participant.id);
    problems.text(participant.name, `${field}.name`, LIMITS.nameCharsMax);
    problems.unless(
      isAccountId(participant.account),
      `${field}.account`,
      'has to be 40 lower-case hex digits',
    );
  }
}

function checkTimes(problems: Problems, terms: RoundTerms): void {
  const time = { min: 0, max: Number.MAX_SAFE_INTEGER - ROUND_BOUNDS.durationMsMax };
  problems.integer(terms.lobbyAtMs, 'lobbyAtMs', time);
  problems.integer(terms.startsAtMs, 'startsAtMs', time);
  problems.unless(terms.lobbyAtMs <= terms.startsAtMs, 'startsAtMs', 'is before lobbyAtMs');
  if (terms.end.kind === 'height') {
    problems.integer(terms.end.height, 'end.height', { min: 1, max: ROUND_BOUNDS.heightMax });
    return;
  }
  problems.integer(terms.end.atMs, 'end.atMs', time);
  problems.unless(terms.end.atMs > terms.startsAtMs, 'end.atMs', 'is not after startsAtMs');
  problems.unless(
    terms.end.atMs - terms.startsAtMs <= ROUND_BOUNDS.durationMsMax,
    'end.atMs',
    'is more than seven days after startsAtMs',
  );
}

function checkPrize(problems: Problems, prize: PrizeTable): void {
  const share = { min: 0, max: BPS_WHOLE };
  const { prizeRanksMax, prizeSupportersMax } = LIMITS;
  problems.unless(
    prize.rankBps.length >= 1 && prize.rankBps.length <= prizeRanksMax,
    'prize.rankBps',
    `has to have 1 to ${prizeRanksMax} entries`,
  );
  problems.unless(
    prize.supporterBps.length <= prizeSupportersMax,
    'prize.supporterBps',
    `has more than ${prizeSupportersMax} entries`,
  );
  for (const [index, bps] of prize.rankBps.entries()) problems.integer(bps, `prize.rankBps[${index}]`, share);
  for (const [index, bps] of prize.supporterBps.entries()) {
    problems.integer(bps, `prize.supporterBps[${index}]`, share);
  }
  problems.integer(prize.platformBps, 'prize.platformBps', share);
  problems.unless((prize.rankBps[0] ?? 0) > 0, 'prize.rankBps[0]', 'has to be above 0');
  const all = [...prize.rankBps, ...prize.supporterBps, prize.platformBps];
  const sum = all.reduce((total, bps) => total + bps, 0);
  problems.unless(sum === BPS_WHOLE, 'prize', `sums to ${sum} instead of ${BPS_WHOLE} basis points`);
}

function checkScoring(problems: Problems, scoring: RoundTerms['scoring']): void {
  const { satsWeightMax, voteWeightMax, clapWeightMax } = ROUND_BOUNDS;
  problems.integer(scoring.satsWeight, 'scoring.satsWeight', { min: 0, max: satsWeightMax });
  problems.integer(scoring.voteWeight, 'scoring.voteWeight', { min: 0, max: voteWeightMax });
  problems.integer(scoring.clapWeight, 'scoring.clapWeight', { min: 0, max: clapWeightMax });
  problems.unless(
    scoring.satsWeight + scoring.voteWeight + scoring.clapWeight > 0,
    'scoring',
    'needs a weight above 0',
  );
}

function checkOvertime(problems: Problems, terms: RoundTerms): void {
  const { overtime } = terms;
  if (overtime === null) return;
  problems.unless(terms.end.kind === 'time', 'overtime', 'needs an end by time');
  const span = { min: 1, max: ROUND_BOUNDS.overtimeMsMax };
  problems.integer(overtime.windowMs, 'overtime.windowMs', span);
  problems.integer(overtime.extendMs, 'overtime.extendMs', span);
  problems.integer(overtime.extensionsMax, 'overtime.extensionsMax', {
    min: 1,
    max: ROUND_BOUNDS.extensionsMax,
  });
}

class Problems {
  readonly list: TermsProblem[] = [];

  unless(good: boolean, field: string, message: string): void {
    if (!good) this.list.push({ field, message });
  }

  integer(value: number, field: string, range: { readonly min: number; readonly max: number }): void {
    const good = Number.isSafeInteger(value) && value >= range.min && value <= range.max;
    this.unless(good, field, `has to be an integer from ${range.min} to ${range.max}`);
  }

  text(value: string, field: string, charsMax: number): void {
    const good = value.length >= 1 && value.length <= charsMax && value.isWellFormed();
    this.unless(good, field, `has to have 1 to ${charsMax} whole characters`);
  }
}
