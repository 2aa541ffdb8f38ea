/** How numbers are written everywhere a load test is shown. */

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 25300 -> "25,300" */
export function formatCount(value: number): string {
  return whole.format(value);
}

/** Three digits that matter, and no more decimals than that needs: 0.042, 4.21, 42.1, 421, 4,210. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 99.95) return whole.format(value);
  const decimals = size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
  return value.toFixed(decimals);
}

/** Milliseconds, with their unit. */
export function formatMs(ms: number): string {
  return `${formatNumber(ms)} ms`;
}

/** Seconds where they are whole or many: 1000 -> "1 s", 2500 -> "2.5 s". */
export function formatSeconds(ms: number): string {
  const seconds = ms / 1_000;
  return `${Number.isInteger(seconds) ? whole.format(seconds) : seconds.toFixed(1)} s`;
}

export function formatBytes(bytes: number): string {
  const mib = bytes / 1_048_576;
  return mib >= 1_024 ? `${(mib / 1_024).toFixed(2)} GiB` : `${formatNumber(mib)} MiB`;
}

export function formatCores(cores: number): string {
  return cores.toFixed(2);
}

/** `rampSeconds` -> "ramp seconds": names of options as people read them. */
export function formatName(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, (_all, before: string, after: string) => {
    return `${before} ${after.toLowerCase()}`;
  });
}
