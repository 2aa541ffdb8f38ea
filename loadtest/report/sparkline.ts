/** Numbers as a line of blocks: ▁▂▃▄▅▆▇█. */

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** From 0 to the largest; the newest `width` of them; a space where there is no number. */
export function sparkline(values: readonly (number | null)[], width: number): string {
  const shown = width <= 0 ? [] : values.slice(-width);
  const max = Math.max(0, ...shown.filter((value) => value !== null));
  return shown
    .map((value) => {
      if (value === null) return ' ';
      const level = max === 0 ? 0 : Math.round((Math.max(0, value) / max) * (BLOCKS.length - 1));
      return BLOCKS[level] ?? BLOCKS[0];
    })
    .join('');
}
