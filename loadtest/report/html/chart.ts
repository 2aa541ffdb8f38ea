/**
 * A line chart as markup. The picture is stretched to whatever room there is and its lines keep their width; every text is
 * HTML beside it, so that it stays readable at 360 px. `page-script.ts` moves the cursor and fills in values.
 */
import { type Markup, html } from './markup.ts';
import { type Scale, linearScale, logScale } from './scale.ts';

export interface Series {
  readonly name: string;
  /** One for each point of the chart; null leaves a gap. */
  readonly values: readonly (number | null)[];
}

/** A stretch of the x axis that is shaded; places from 0 to 1. */
export interface Band {
  readonly from: number;
  readonly to: number;
}

export interface Chart {
  /** Unique in the page; a part of ids. */
  readonly id: string;
  readonly title: string;
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** How round numbers are written at the axis. */
  readonly formatTick: (value: number) => string;
  readonly logarithmic?: boolean;
  /** Between two ticks at least; for what is counted. */
  readonly tickStepMin?: number;
  /** Where the points are, from 0 to 1, ascending. */
  readonly places: readonly number[];
  /** What a point is called when the cursor is on it. */
  readonly names: readonly string[];
  readonly xTicks: readonly { readonly place: number; readonly text: string }[];
  readonly bands: readonly Band[];
}

/** What the page's script needs to know of a chart. */
export interface ChartData {
  readonly places: readonly number[];
  readonly names: readonly string[];
  /** Of each series the value at each point, as it is shown. */
  readonly texts: readonly (readonly string[])[];
}

/** The picture's own units; it is stretched. */
const SIZE = 1_000;
const NO_VALUE = '–';
/** Colours of the series, by the names that `tokens.css` gives them. */
const SEATS = [1, 2, 0, 3] as const;

export function chartData({ places, names, series, format }: Chart): ChartData {
  return {
    places: places.map((place) => Number(place.toFixed(4))),
    names,
    texts: series.map(({ values }) => values.map((value) => (value === null ? NO_VALUE : format(value)))),
  };
}

export function chartMarkup(chart: Chart): Markup {
  const { id, title, series, format, formatTick, places, xTicks, bands } = chart;
  const scale = scaleOf(chart);
  return html`<figure class="chart" data-chart="${id}" tabindex="0" aria-label="${title}; arrow keys read the values">
<figcaption><h3>${title}</h3>
<ul class="legend">${series.map(
    ({ name, values }, at) =>
      html`<li data-seat="${seat(at)}"><span>${name}</span> <b data-rest="${restText(values, format)}">${restText(values, format)}</b></li>`,
  )}</ul></figcaption>
<div class="plot">
<div class="y" aria-hidden="true">${scale.ticks.map(
    (tick) => html`<span style="bottom:${percent(scale.place(tick))}">${formatTick(tick)}</span>`,
  )}</div>
<div class="field"><svg viewBox="0 0 ${SIZE} ${SIZE}" preserveAspectRatio="none" role="img" aria-labelledby="${id}-title" aria-describedby="${id}-desc">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${describe(chart)}</desc>
${bands.map(({ from, to }) => html`<rect class="band" x="${x(from)}" y="0" width="${x(to - from)}" height="${SIZE}"/>`)}
${scale.ticks.map((tick) => html`<path class="grid" d="M0 ${y(scale, tick)}H${SIZE}"/>`)}
${series.map(({ values }, at) => seriesMarkup({ values, places, scale, at, filled: series.length === 1 }))}
</svg><i class="cursor" hidden></i></div>
<div class="x" aria-hidden="true">${xTicks.map(({ place, text }) => html`<span style="left:${percent(place)}"${place > 0.97 ? html` data-end` : ''}>${text}</span>`)}</div>
</div></figure>`;
}

function scaleOf({ series, logarithmic, tickStepMin }: Chart): Scale {
  const values = series.flatMap((one) => one.values.filter((value) => value !== null));
  const max = values.reduce((most, value) => Math.max(most, value), 0);
  if (logarithmic !== true) return linearScale(max, tickStepMin);
  const least = values.reduce((min, value) => (value > 0 ? Math.min(min, value) : min), max);
  return max > 0 ? logScale(least, max) : linearScale(max);
}

interface Drawn {
  readonly values: readonly (number | null)[];
  readonly places: readonly number[];
  readonly scale: Scale;
  readonly at: number;
  readonly filled: boolean;
}

function seriesMarkup({ values, places, scale, at, filled }: Drawn): Markup {
  const pieces: string[][] = [[]];
  for (const [index, value] of values.entries()) {
    if (value === null) pieces.push([]);
    else pieces.at(-1)?.push(`${x(places[index] ?? 0)} ${y(scale, value)}`);
  }
  const drawn = pieces.filter((piece) => piece.length > 0);
  // A lone point is a line without length: round caps make it a dot.
  const line = drawn.map((piece) => `M${piece.join('L')}${piece.length === 1 ? 'h0' : ''}`).join('');
  const area = drawn.map((piece) => {
    const ends = [piece[0], piece.at(-1)].map((point) => point?.split(' ')[0] ?? '0');
    return `M${ends[0]} ${SIZE}L${piece.join('L')}L${ends[1]} ${SIZE}Z`;
  });
  return html`<g data-seat="${seat(at)}">${filled ? html`<path class="area" d="${area.join('')}"/>` : ''}<path class="line" d="${line}"/></g>`;
}

function seat(series: number): number {
  return SEATS[series % SEATS.length] ?? 0;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}

function x(place: number): string {
  return (place * SIZE).toFixed(1);
}

function y(scale: Scale, value: number): string {
  return ((1 - scale.place(value)) * SIZE).toFixed(1);
}

/** What stands in the legend while no point is chosen. */
function restText(values: readonly (number | null)[], format: (value: number) => string): string {
  const known = values.filter((value) => value !== null);
  return known.length === 0
    ? NO_VALUE
    : `up to ${format(known.reduce((most, value) => Math.max(most, value)))}`;
}

function describe({ series, format, names }: Chart): string {
  const parts = series.map(({ name, values }) => {
    const known = values.filter((value) => value !== null);
    const last = known.at(-1);
    if (last === undefined) return `${name}: nothing measured`;
    const least = known.reduce((a, b) => Math.min(a, b));
    const most = known.reduce((a, b) => Math.max(a, b));
    return `${name}: from ${format(least)} to ${format(most)}, ${format(last)} at the end`;
  });
  return `From ${names[0] ?? 'nothing'} to ${names.at(-1) ?? 'nothing'}. ${parts.join('. ')}.`;
}
