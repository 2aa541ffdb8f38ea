/** Rounds of the demo: who battles whom, and on which terms. */
import { accountOfPublicKey } from '../core/account-key.ts';
import { utf8 } from '../core/bytes.ts';
import type { AccountId, ParticipantId, RoundId } from '../core/ids.ts';
import { ripemd160, sha256 } from '../platform/hash.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import type { RoundTerms } from '../round/terms.ts';

const BATTLES: readonly { readonly title: string; readonly names: readonly string[] }[] = [
  { title: 'Beatbox final', names: ['Mara Volt', 'Deep Tariq'] },
  { title: 'Street chess blitz', names: ['Nadia', 'Old Ferenc', 'The Kid'] },
  { title: 'Freestyle rap', names: ['Verse Vega', 'Kojo Flow'] },
  { title: 'Speed painting', names: ['Ida', 'Bruno', 'Suki', 'Tomás'] },
  { title: 'Skate tricks', names: ['Zee', 'Rollo', 'Wren'] },
];

/** The demo's participants keep their accounts, so that what is carried forward adds up. */
function accountOfName(name: string): AccountId {
  const privateKey = sha256(utf8(`ringside demo participant ${name}`));
  return accountOfPublicKey(nativeSignatures.publicKey(privateKey), { sha256, ripemd160 });
}

export function demoTerms(options: {
  readonly roundId: RoundId;
  /** Which battle of the programme, counted from 0. */
  readonly no: number;
  readonly lobbyAtMs: number;
  readonly startsAtMs: number;
  readonly durationMs: number;
  readonly payoutMinSats: number;
  readonly platformAccount: AccountId;
}): RoundTerms {
  const battle = BATTLES[options.no % BATTLES.length] ?? { title: 'Battle', names: ['Left', 'Right'] };
  return {
    roundId: options.roundId,
    network: 'dev',
    title: battle.title,
    participants: battle.names.map((name, index) => ({
      id: `p${index + 1}` as ParticipantId,
      name,
      account: accountOfName(name),
    })),
    lobbyAtMs: options.lobbyAtMs,
    startsAtMs: options.startsAtMs,
    end: { kind: 'time', atMs: options.startsAtMs + options.durationMs },
    rateSatsPerSecond: 1,
    directBps: 4_200,
    prize: { rankBps: [5_000, 2_000], supporterBps: [1_000, 600, 400], platformBps: 1_000 },
    scoring: { satsWeight: 10, voteWeight: 50, clapWeight: 1 },
    overtime: { windowMs: 5_000, extendMs: 5_000, extensionsMax: 2 },
    closingMs: 2_000,
    payoutMinSats: options.payoutMinSats,
    platformAccount: options.platformAccount,
  };
}
