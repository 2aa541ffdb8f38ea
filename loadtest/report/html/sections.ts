/** The parts of the page that are not charts. */
import type { MoneyProof, RunResult } from '../../run-result.ts';
import { formatCount, formatMs } from '../format.ts';
import { LATENCY_KINDS, loadSamples, maxOf, meanOf, sumOf } from '../metrics.ts';
import {
  GC_HEAD,
  GC_UNKNOWN,
  LATENCY_HEAD,
  LATENCY_MEANING,
  codeRows,
  gcRows,
  isRoundProven,
  latencyRows,
  loadText,
  machineRows,
  moneyTerms,
  optionRows,
  roundNote,
  thresholdValue,
  trafficRows,
} from '../rows.ts';
import { VERDICT_TEXT, verdictOf } from '../verdict.ts';
import { type Markup, html } from './markup.ts';

/** Rounds shown without unfolding anything. */
const ROUNDS_OPEN = 12;
const NOTHING = html``;

export function headSection(result: RunResult): Markup {
  const { startedAt, commit, machine, invalid } = result;
  const verdict = verdictOf(result);
  const reasons = invalid.map((reason) => html`<li>${reason}</li>`);
  return html`<header>
<p class="brand">Ringside load test${loadText(result)}</p>
<h1 class="verdict" data-verdict="${verdict}">${VERDICT_TEXT[verdict]}</h1>
<p class="about"><time datetime="${startedAt}">${startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</time>
 · commit ${commit.slice(0, 12)} · ${machine.cpu}, ${machine.cores} cores · Node ${machine.node}</p>
${invalid.length === 0 ? NOTHING : html`<div class="alarm" role="alert"><h2>Do not use these figures</h2><ul>${reasons}</ul></div>`}
</header>`;
}

export function keyFigures(result: RunResult): Markup {
  const load = loadSamples(result);
  const most = maxOf(result.samples, ({ connected }) => connected) ?? 0;
  const { gift } = result.latency;
  const errors = sumOf(result.totals.errors);
  const money = result.money === null ? 'not proven' : result.money.ok ? 'ok' : 'differs';
  const figures: readonly (readonly [name: string, value: string, bad?: boolean])[] = [
    ['gift seen, p99', gift === null ? '–' : formatMs(gift.p99Ms)],
    ['viewers at once', formatCount(most)],
    ['payments', rate(meanOf(load, (one) => one.paymentsPerSecond))],
    ['messages to viewers', rate(meanOf(load, (one) => one.deliveriesPerSecond))],
    ['errors', formatCount(errors), errors > 0],
    ['money', money, result.money?.ok !== true],
  ];
  return html`<dl class="figures">${figures.map(
    ([name, value, bad]) =>
      html`<div><dt>${name}</dt><dd class="${bad === true ? 'bad' : ''}">${value}</dd></div>`,
  )}</dl>`;
}

function rate(value: number | null): string {
  return value === null ? '–' : `${formatCount(value)}/s`;
}

export function latencySection(result: RunResult): Markup {
  const rows = latencyRows(result);
  if (rows.length === 0) return html`<p>No latency was measured.</p>`;
  return html`<div class="wide" tabindex="0" role="region" aria-label="Latency, table"><table>
<thead><tr><th scope="col">ms</th>${LATENCY_HEAD.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({ kind, cells }) =>
      html`<tr><th scope="row">${kind}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )}</tbody></table></div>
<p class="note">${LATENCY_KINDS.filter((kind) => result.latency[kind] !== null)
    .map((kind) => `${kind}: ${LATENCY_MEANING[kind]}`)
    .join('; ')}. All from when a message should have left, not from when it did.</p>`;
}

/** Per thread; a pause holds up everything that the thread does. */
export function collectionsSection(result: RunResult): Markup {
  const rows = gcRows(result);
  const table = (threads: NonNullable<typeof rows>): Markup =>
    html`<div class="table"><div class="wide" tabindex="0" role="region" aria-label="Garbage collection, table"><table>
<thead><tr><th scope="col">ms</th>${GC_HEAD.map((name) => html`<th scope="col">${name}</th>`)}<th scope="col" class="words">of which</th></tr></thead>
<tbody>${threads.map(
      ({ thread, cells, kinds }) =>
        html`<tr><th scope="row">${thread}</th>${cells.map((cell) => html`<td>${cell}</td>`)}<td class="words">${kinds}</td></tr>`,
    )}</tbody></table></div>
<p class="note">Pauses for collecting garbage, of each thread of the engine that had any, from the beginning of the ramp to the last second shown above; share: of that time. A thread does nothing else meanwhile, the others go on. Measured by the clock: on a busy machine the wait for a core is in it.</p></div>`;
  return html`<section><h2>Garbage collection</h2>
${rows === null ? html`<p>${GC_UNKNOWN}.</p>` : rows.length === 0 ? html`<p>No pause.</p>` : table(rows)}</section>`;
}

export function thresholdSection({ thresholds }: RunResult): Markup {
  if (thresholds.length === 0) return NOTHING;
  return html`<section><h2>Fails if</h2><ul class="rules">${thresholds.map(
    (one) =>
      html`<li><b class="${one.failed ? 'bad' : 'good'}">${one.failed ? 'FAILED' : 'ok'}</b> <code>${one.rule}</code> <span>${thresholdValue(one)}</span></li>`,
  )}</ul></section>`;
}

export function moneySection({ money }: RunResult): Markup {
  if (money === null) return html`<section><h2>Money</h2><p class="bad">Not proven.</p></section>`;
  const wrong = money.rounds.filter((round) => !isRoundProven(round));
  const right = money.rounds.filter(isRoundProven);
  const open = right.slice(0, ROUNDS_OPEN);
  const folded = right.slice(ROUNDS_OPEN);
  return html`<section><h2>Money</h2>
<p class="note">What viewers revealed, what was acknowledged to them, what the receipt says they paid, and what it divides: equal, in every round, to the sat.</p>
<ul class="rounds">${[...wrong, ...open].map(roundMarkup)}</ul>
${folded.length === 0 ? NOTHING : html`<details><summary>${folded.length} more rounds, each ok</summary><ul class="rounds">${folded.map(roundMarkup)}</ul></details>`}
</section>`;
}

function roundMarkup(round: MoneyProof['rounds'][number]): Markup {
  const proven = isRoundProven(round);
  const terms = moneyTerms(round).map(
    ({ name, sats, sign, wrong }) =>
      html`<span>${sign === '' ? '' : html`<i class="${wrong ? 'bad' : ''}">${sign}</i> `}<b>${formatCount(sats)}</b> ${name}</span>`,
  );
  return html`<li><h3>${round.roundId} <b class="${proven ? 'good' : 'bad'}">${proven ? 'ok' : 'DIFFERS'}</b></h3>
<p class="equation">${terms}</p><p class="note">${roundNote(round)}</p>
${round.differences.length === 0 ? NOTHING : html`<ul class="differences">${round.differences.map((one) => html`<li>${one}</li>`)}</ul>`}</li>`;
}

export function factsSection(result: RunResult): Markup {
  const { errors, provoked } = result.totals;
  const none = [['none', '']] as const;
  const codes = (counts: typeof errors): readonly (readonly [string, string])[] => {
    const rows = codeRows(counts);
    return rows.length === 0 ? none : rows;
  };
  return html`<div class="facts">
${factList('Traffic', trafficRows(result))}
${factList('Machine', machineRows(result))}
${factList('Errors', codes(errors), 'list short')}
${codeRows(provoked).length === 0 ? NOTHING : factList('Provoked by misbehaving viewers', codes(provoked), 'list short')}
${factList('Options', optionRows(result), 'list short')}
</div>`;
}

function factList(title: string, rows: readonly (readonly [string, string])[], style = 'list'): Markup {
  return html`<section><h2>${title}</h2><dl class="${style}">${rows.map(
    ([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`,
  )}</dl></section>`;
}
