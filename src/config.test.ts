import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ConfigError, describeSettings, loadConfig, wantsHelp } from './config.ts';

function refusal(env: Record<string, string>, argv: string[] = []): string {
  try {
    loadConfig(env, argv);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('was accepted');
}

describe('defaults', () => {
  it('are accepted by their own checks, and frozen', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({ apiPort: 3000, edgePort: 9001, dataDir: './data', demo: true });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.corsOrigins)).toBe(true);
  });

  it('can each be written out as a variable and give the same value', () => {
    const env = Object.fromEntries(describeSettings().map((row) => [row.variable, row.default]));
    expect(loadConfig(env)).toEqual(loadConfig({}));
  });

  it('ignore variables of other programs', () => {
    expect(loadConfig({ PATH: '/bin', RINGSIDER: 'x' })).toEqual(loadConfig({}));
  });
});

describe('a value', () => {
  it('of a flag beats the variable, which beats the default; an override beats both', () => {
    const env = { RINGSIDE_API_PORT: '4000' };
    expect(loadConfig(env).apiPort).toBe(4000);
    expect(loadConfig(env, ['--api-port', '5000']).apiPort).toBe(5000);
    expect(loadConfig(env, ['--port=5001']).apiPort).toBe(5001);
    expect(loadConfig(env, ['--api-port', '5000'], { apiPort: 0 }).apiPort).toBe(0);
  });

  it('of a switch can be given in words, as a bare flag and negated', () => {
    expect(loadConfig({ RINGSIDE_DEMO: 'off' }).demo).toBe(false);
    expect(loadConfig({}, ['--no-demo']).demo).toBe(false);
    expect(loadConfig({ RINGSIDE_DEMO: '0' }, ['--demo']).demo).toBe(true);
    expect(loadConfig({}, ['--demo', 'off', '--port', '1']).demo).toBe(false);
    expect(loadConfig({}, ['--demo', '--port', '1'])).toMatchObject({ demo: true, apiPort: 1 });
  });

  it('may be a list of origins', () => {
    const config = loadConfig({ RINGSIDE_CORS_ORIGINS: 'https://a.example, http://b.example:81' });
    expect(config.corsOrigins).toEqual(['https://a.example', 'http://b.example:81']);
  });
});

describe('a wrong setting is refused with its name, its value and what is allowed', () => {
  it.each([
    ['RINGSIDE_API_PORT', 'abc', 'a whole number from 0 to 65535'],
    ['RINGSIDE_API_PORT', '65536', 'a whole number from 0 to 65535'],
    ['RINGSIDE_API_PORT', '', 'a whole number from 0 to 65535'],
    ['RINGSIDE_API_PORT', '-1', 'a whole number from 0 to 65535'],
    ['RINGSIDE_API_PORT', '3e3', 'a whole number from 0 to 65535'],
    ['RINGSIDE_API_PORT', '0x10', 'a whole number from 0 to 65535'],
    ['RINGSIDE_STORE', 'sqlite', 'one of lmdb, aerospike'],
    ['RINGSIDE_NETWORK', 'main', 'only dev'],
    ['RINGSIDE_DEMO', 'maybe', 'on or off'],
    ['RINGSIDE_LOG_LEVEL', 'loud', 'one of debug, info'],
    ['RINGSIDE_CORS_ORIGINS', 'https://a.example/path', 'origins such as'],
    ['RINGSIDE_CORS_ORIGINS', 'https://a.example,*', 'origins such as'],
    ['RINGSIDE_PUBLIC_WS_URL', 'http://a.example', 'ws:// or wss://'],
    ['RINGSIDE_DATA_DIR', '', 'a path'],
    ['RINGSIDE_API_HOST', 'a b', 'an IP address or host name'],
  ])('%s=%s', (name, value, allowed) => {
    const message = refusal({ [name]: value });
    expect(message).toContain(name);
    expect(message).toContain(JSON.stringify(value));
    expect(message).toContain(allowed);
  });

  it('but never with the text of a secret', () => {
    const message = refusal({ RINGSIDE_ADMIN_TOKEN: 'too short' });
    expect(message).toContain('RINGSIDE_ADMIN_TOKEN: a value of 9 characters is not allowed');
    expect(message).not.toContain('too short');
  });

  it('and an unknown one with its nearest', () => {
    expect(refusal({ RINGSIDE_API_PROT: '1' })).toMatch(/RINGSIDE_API_PROT: "1".*mean RINGSIDE_API_PORT\?/);
    expect(refusal({}, ['--api-prot', '1'])).toContain(
      '"--api-prot": there is no such setting; did you mean --api-port?',
    );
    expect(refusal({ RINGSIDE_COLOUR_OF_THE_SKY: 'blue' })).toContain('docs/SETTINGS.md');
    expect(refusal({}, ['nonsense'])).toContain('"nonsense"');
    expect(refusal({}, ['--no-api-port'])).toContain('--no-api-port');
  });

  it('with all that is wrong at once', () => {
    const message = refusal({ RINGSIDE_API_PORT: 'x', RINGSIDE_STORE: 'y' }, ['--edge-port']);
    expect(message.split('\n')).toHaveLength(3);
    expect(message).toContain('--edge-port: needs a value');
  });
});

describe('relations between settings', () => {
  it.each([
    [{ RINGSIDE_API_PORT: '9001' }, 'RINGSIDE_API_PORT (9001) has to differ from RINGSIDE_EDGE_PORT (9001)'],
    [{ RINGSIDE_AUTH_TIMEOUT_MS: '60000' }, 'RINGSIDE_AUTH_TIMEOUT_MS (60000) has to be below'],
    [
      { RINGSIDE_ACK_INTERVAL_MS: '9000', RINGSIDE_IDLE_TIMEOUT_MS: '9000', RINGSIDE_AUTH_TIMEOUT_MS: '900' },
      'RINGSIDE_ACK_INTERVAL_MS (9000)',
    ],
    [
      { RINGSIDE_MAX_FRAME_BYTES: '65536', RINGSIDE_MAX_BACKPRESSURE_BYTES: '65536' },
      'RINGSIDE_MAX_FRAME_BYTES (65536)',
    ],
    [{ RINGSIDE_MAX_CONNECTIONS: '999' }, 'RINGSIDE_MAX_CONNECTIONS_PER_ADDRESS (1000) may not be above'],
    [{ RINGSIDE_DEMO_VIEWERS: '1001' }, 'RINGSIDE_DEMO_VIEWERS (1001)'],
  ])('%j is refused', (env, message) => {
    expect(refusal(env)).toContain(message);
  });

  it('two free ports are no conflict, and demo settings do not matter without a demo', () => {
    expect(() => loadConfig({ RINGSIDE_API_PORT: '0', RINGSIDE_EDGE_PORT: '0' })).not.toThrow();
    expect(() => loadConfig({ RINGSIDE_DEMO_VIEWERS: '1001', RINGSIDE_DEMO: 'off' })).not.toThrow();
  });
});

it('help is asked for anywhere among the arguments', () => {
  expect(wantsHelp(['--port', '1', '--help'])).toBe(true);
  expect(wantsHelp(['-h'])).toBe(true);
  expect(wantsHelp(['--port', '1'])).toBe(false);
});

it('docs/SETTINGS.md lists exactly the settings of the code', async () => {
  const text = await readFile(new URL('../docs/SETTINGS.md', import.meta.url), 'utf8');
  const documented = text.split('\n').filter((line) => line.startsWith('| `RINGSIDE_'));
  const coded = describeSettings().map(
    (row) =>
      `| \`${row.variable}\` | \`${row.flag}\` | ${row.default === '' ? '(empty)' : `\`${row.default}\``} | ${row.unit} | ${row.meaning} | ${row.allowed} |`,
  );
  expect(documented).toEqual(coded);
});
