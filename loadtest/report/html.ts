/**
 * A result as one page that opens from disk: styles, script and pictures are inside, nothing is fetched (its content
 * policy forbids it), and only the one script that is put here runs.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RunResult } from '../run-result.ts';
import { type Chart, chartData, chartMarkup } from './html/chart.ts';
import { percentileChart, timeCharts } from './html/charts.ts';
import { Markup, html, jsonMarkup } from './html/markup.ts';
import { type PageData, followCursor } from './html/page-script.ts';
import {
  collectionsSection,
  factsSection,
  headSection,
  keyFigures,
  latencySection,
  moneySection,
  thresholdSection,
} from './html/sections.ts';

/** Colours are those of the viewer page, so that both look like one thing. */
const STYLES = ['../../src/web/styles/tokens.css', './html/page.css'];

export function resultPage(result: RunResult): string {
  const style = STYLES.map((path) => readFileSync(new URL(path, import.meta.url), 'utf8')).join('\n');
  const script = `(${followCursor.toString()})();`;
  const scriptHash = createHash('sha256').update(script).digest('base64');
  const percentiles = percentileChart(result);
  const overTime = timeCharts(result);
  const charts = percentiles === null ? overTime : [...overTime, percentiles];
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ringside load test, ${result.startedAt}</title>
<style>${new Markup(style)}</style></head>
<body><main>
${headSection(result)}
${keyFigures(result)}
<section class="overtime"><h2>Over time</h2>
<p class="note">Shaded: ramp and drain. Point at a chart, or choose one and press the arrow keys, to read its values.</p>
<div class="charts">${overTime.map(chartMarkup)}</div></section>
<section><h2>Latency</h2><div class="charts">
<div class="table">${latencySection(result)}</div>${percentiles === null ? '' : chartMarkup(percentiles)}</div></section>
${collectionsSection(result)}
${thresholdSection(result)}
${moneySection(result)}
${factsSection(result)}
${samplesTable(overTime)}
<p id="spoken" class="unseen" role="status"></p>
</main>
<script type="application/json" id="chart-data">${jsonMarkup(dataOf(charts))}</script>
<script>${new Markup(script)}</script>
</body></html>
`.text;
}

function dataOf(charts: readonly Chart[]): PageData {
  return Object.fromEntries(charts.map((chart) => [chart.id, chartData(chart)]));
}

/** The charts once more as numbers, folded. */
function samplesTable(charts: readonly Chart[]): Markup {
  const columns = charts.flatMap((chart) => {
    const { names, texts } = chartData(chart);
    return chart.series.map(({ name }, at) => ({
      title: chart.series.length === 1 ? chart.id.replace('-', ' ') : `${chart.id} ${name}`,
      names,
      texts: texts[at] ?? [],
    }));
  });
  const rows = columns[0]?.names ?? [];
  return html`<details><summary>Second by second</summary>
<div class="wide" tabindex="0" role="region" aria-label="Second by second, table"><table>
<thead><tr><th scope="col">at</th>${columns.map(({ title }) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row, at) =>
      html`<tr><th scope="row">${row}</th>${columns.map(({ texts }) => html`<td>${texts[at] ?? ''}</td>`)}</tr>`,
  )}</tbody></table></div></details>`;
}
