import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { monotonicMs } from './monotonic.ts';

test('the clock of another process is this one', () => {
  const file = new URL('./monotonic.ts', import.meta.url).href;
  const script = `const { monotonicMs } = await import('${file}'); process.stdout.write(String(monotonicMs()));`;
  for (let turn = 0; turn < 3; turn++) {
    const beforeMs = monotonicMs();
    const args = ['--input-type=module', '--eval', script];
    const otherMs = Number(execFileSync(process.execPath, args, { encoding: 'utf8' }));
    expect(otherMs).toBeGreaterThan(beforeMs);
    expect(otherMs).toBeLessThan(monotonicMs());
  }
});
