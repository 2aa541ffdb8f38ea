import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, jsonMarkup } from './markup.ts';
import { linearScale, logScale } from './scale.ts';

const UNESCAPED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

describe('markup', () => {
  it('escapes all text and no markup', () => {
    expect(html`<b>${'<i>'}${html`<i>${1}</i>`}${['a&', html`<br>`]}</b>`.text).toBe(
      '<b>&lt;i&gt;<i>1</i>a&amp;<br></b>',
    );
  });

  it('lets no text out of an element or attribute, and loses none of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const escaped = html`${text}`.text;
        expect(escaped).not.toMatch(/[<>"']/);
        expect(escaped.replaceAll(/&(\w+|#39);/g, (_all, name: string) => UNESCAPED[name] ?? '?')).toBe(text);
      }),
    );
  });

  it('keeps JSON inside its script element', () => {
    const value = { text: '</script><!--<script>' };
    expect(jsonMarkup(value).text).not.toContain('<');
    expect(JSON.parse(jsonMarkup(value).text)).toEqual(value);
  });
});

describe('scales', () => {
  it('have round ticks', () => {
    expect(linearScale(500).ticks).toEqual([0, 200, 400, 600]);
    expect(linearScale(0.72).ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
    expect(linearScale(0, 1).ticks).toEqual([0, 1]);
    expect(linearScale(0).ticks.length).toBeGreaterThan(1);
    expect(logScale(3, 53).ticks).toEqual([2, 5, 10, 20, 50, 100]);
    expect(logScale(999_999_999_999.9979, 999_999_999_999.9979).ticks).toEqual([5e11, 1e12]);
    expect(logScale(0.5, 4_000).ticks).toEqual([0.1, 1, 10, 100, 1_000, 10_000]);
  });

  it('keep order and stay on the axis', () => {
    const amounts = fc.double({ min: 1e-3, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(amounts, amounts, amounts, (a, b, c) => {
        const [low = 0, middle = 0, high = 0] = [a, b, c].toSorted((x, y) => x - y);
        for (const { place, ticks } of [linearScale(high), logScale(low, high)]) {
          expect(ticks).toEqual(ticks.toSorted((x, y) => x - y));
          expect(ticks.length).toBeGreaterThan(1);
          expect(ticks.length).toBeLessThan(20);
          expect(place(low)).toBeGreaterThanOrEqual(0);
          expect(place(middle)).toBeGreaterThanOrEqual(place(low));
          expect(place(high)).toBeGreaterThanOrEqual(place(middle));
          expect(place(high)).toBeLessThanOrEqual(1);
          expect(ticks.at(-1)).toBeGreaterThanOrEqual(high * (1 - 1e-9));
        }
      }),
    );
  });
});
