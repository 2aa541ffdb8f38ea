/**
 * The script of the page: a cursor over every chart at once, moved by pointer, finger or arrow keys. It runs inside the
 * browser and is sent there as its own text, so it may use nothing from here but types.
 */
import type { ChartData } from './chart.ts';

/** `data-chart` of a chart, and what is known of it. Charts with as many points share their cursor. */
export type PageData = Readonly<Record<string, ChartData>>;

export function followCursor(): void {
  const source = document.querySelector('#chart-data')?.textContent ?? '{}';
  const data = JSON.parse(source) as PageData;
  const spoken = document.querySelector('#spoken');
  const charts = [...document.querySelectorAll<HTMLElement>('.chart')].flatMap((element) => {
    const known = data[element.dataset['chart'] ?? ''];
    return known === undefined ? [] : [{ element, known }];
  });
  type Shown = (typeof charts)[number];
  const ofSameAxis = (chart: Shown): Shown[] =>
    charts.filter(({ known }) => known.names.join() === chart.known.names.join());

  const show = (chart: Shown, at: number | null): void => {
    for (const { element, known } of ofSameAxis(chart)) {
      for (const [series, value] of [...element.querySelectorAll<HTMLElement>('.legend b')].entries()) {
        value.textContent = at === null ? (value.dataset['rest'] ?? '') : (known.texts[series]?.[at] ?? '');
      }
      const cursor = element.querySelector<HTMLElement>('.cursor');
      if (cursor === null) continue;
      cursor.hidden = at === null;
      const place = known.places[at ?? 0] ?? 0;
      cursor.style.left = `${place * 100}%`;
      cursor.dataset['name'] = known.names[at ?? 0] ?? '';
      cursor.classList.toggle('late', place > 0.5);
    }
  };
  for (const chart of charts) {
    const { element, known } = chart;
    const field = element.querySelector('.field');
    if (field === null) continue;
    const last = known.places.length - 1;
    let chosen: number | null = null;
    const choose = (at: number | null): void => {
      chosen = at;
      show(chart, at);
    };
    const point = (event: Event): void => {
      if (!(event instanceof PointerEvent)) return;
      const { left, width } = field.getBoundingClientRect();
      const place = (event.clientX - left) / width;
      const distances = known.places.map((one) => Math.abs(one - place));
      choose(distances.indexOf(Math.min(...distances)));
    };
    field.addEventListener('pointermove', point);
    field.addEventListener('pointerdown', point);
    field.addEventListener('pointerleave', () => choose(null));
    element.addEventListener('blur', () => choose(null));
    element.addEventListener('keydown', ({ key }) => {
      const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
      if (step === 0) return;
      const at = Math.min(last, Math.max(0, chosen === null ? (step > 0 ? 0 : last) : chosen + step));
      choose(at);
      const names = [...element.querySelectorAll('.legend span')].map((name) => name.textContent ?? '');
      const values = names.map((name, series) => `${name} ${known.texts[series]?.[at] ?? ''}`);
      if (spoken !== null) spoken.textContent = `${known.names[at] ?? ''}: ${values.join(', ')}`;
    });
  }
}
