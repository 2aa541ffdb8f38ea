import { describe, expect, it } from 'vitest';
import { plain } from '../report/paint.ts';
import { exampleResult } from '../report/testing/example-result.ts';
import { createScreen } from './screen.ts';

const PLAN = { viewers: 500, rampSeconds: 5, seconds: 20 };
const { samples } = exampleResult();

const UP = '\u001b[';
const ERASE = '\u001b[0J';

/** A terminal that knows a little of what terminals do: lines that wrap, and the way back over them. */
class FakeTerminal {
  readonly isTTY: boolean;
  columns = 100;
  readonly rows: string[] = [];

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    const up = text.startsWith(UP) ? Number.parseInt(text.slice(UP.length), 10) : 0;
    this.rows.length -= up;
    const rest = up === 0 ? text : text.slice(text.indexOf(ERASE) + ERASE.length);
    this.rows.push(...rest.split('\n').slice(0, -1));
  }

  /** The lines that no longer fit wrap, as most terminals do it. */
  resize(columns: number): void {
    this.columns = columns;
    const wrapped = this.rows.flatMap((row) =>
      Array.from({ length: Math.max(1, Math.ceil(row.length / columns)) }, (_, at) =>
        row.slice(at * columns, (at + 1) * columns),
      ),
    );
    this.rows.splice(0, Infinity, ...wrapped);
  }
}

describe('a screen on a terminal', () => {
  it('draws one block again and again, with notes above it', () => {
    const terminal = new FakeTerminal(true);
    const screen = createScreen(terminal, PLAN, plain);
    screen.note('engine is up');
    for (const sample of samples.slice(0, 10)) screen.sample(sample);
    screen.note('a note');
    screen.sample(samples[10] ?? expect.fail());
    expect(terminal.rows.slice(0, 2)).toEqual(['engine is up', 'a note']);
    expect(terminal.rows).toHaveLength(2 + 7);
    expect(terminal.rows[2]).toContain('11 of 25 s');
  });

  it('lets what comes after the end stand below', () => {
    const terminal = new FakeTerminal(true);
    const screen = createScreen(terminal, PLAN, plain);
    screen.sample(samples[3] ?? expect.fail());
    screen.end();
    terminal.write('summary\n');
    expect(terminal.rows).toHaveLength(8);
    expect(terminal.rows.at(-1)).toBe('summary');
  });

  it('never writes a line that wraps, and eats no note when its width changes', () => {
    const terminal = new FakeTerminal(true);
    const screen = createScreen(terminal, PLAN, plain);
    screen.note('note');
    for (const [at, columns] of [90, 40, 12, 200, 61].entries()) {
      terminal.resize(columns);
      screen.sample(samples[at] ?? expect.fail());
      expect(terminal.rows[0]).toBe('note');
      expect(terminal.rows).toHaveLength(8);
      expect(Math.max(...terminal.rows.map((row) => row.length))).toBeLessThan(columns);
    }
  });
});

describe('a screen that is a pipe', () => {
  it('writes a line each five seconds and at each change of phase', () => {
    const terminal = new FakeTerminal(false);
    const screen = createScreen(terminal, PLAN, plain);
    for (const sample of samples) screen.sample({ ...sample, atMs: sample.atMs - 8 });
    const seconds = terminal.rows.map((row) => row.slice(0, row.indexOf(' |')));
    expect(seconds).toEqual(['5 s ramp', '6 s load', '11 s load', '16 s load', '21 s load', '26 s drain']);
    expect(terminal.rows.join()).not.toContain('\u001b');
  });
});
