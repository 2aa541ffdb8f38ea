import { afterEach, describe, expect, it } from 'vitest';
import { onStopSignals } from './signals.ts';

describe('signals', () => {
  const heard: string[] = [];
  let off: (() => void) | null = null;

  /** `reportable`: whether there is something to report when it is asked to stop. */
  function listen(reportable: boolean): void {
    off = onStopSignals({
      stop() {
        if (reportable) heard.push('stop');
        return reportable;
      },
      leave: () => void heard.push('leave'),
    });
  }

  afterEach(() => {
    off?.();
    heard.length = 0;
  });

  it('stop once, and leave when they come again', () => {
    listen(true);
    process.emit('SIGINT', 'SIGINT');
    expect(heard).toEqual(['stop']);
    process.emit('SIGTERM', 'SIGTERM');
    expect(heard).toEqual(['stop', 'leave']);
  });

  it('leave at once while there is nothing to report, or when nobody would read it', () => {
    listen(false);
    process.emit('SIGTERM', 'SIGTERM');
    process.emit('SIGHUP', 'SIGHUP');
    expect(heard).toEqual(['leave', 'leave']);
  });

  it('mean nothing to it once the run is over', () => {
    const before = process.listenerCount('SIGINT');
    listen(true);
    off?.();
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});
