/** Sees that the packages of the peers are there, in bench/peers/node_modules, in the versions of package.json. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const here = new URL('./', import.meta.url);

/** Versions by package. Installs first if one is missing or another; throws when that does not work. */
export function peerPackages(say: (line: string) => void): Readonly<Record<string, string>> {
  const { dependencies = {} } = manifest('package.json') ?? {};
  // 'npm:@uwsjs/core@20.51.4' is version 20.51.4 of what is imported by another name.
  const wanted = Object.entries(dependencies).map(([name, range]) => [
    name,
    range.split('@').at(-1) ?? range,
  ]);
  const isThere = wanted.every(([name, version]) => installed(name ?? '') === version);
  if (!isThere) {
    say('installing the packages of the peers (bench/peers) ...');
    install();
  }
  return Object.fromEntries(wanted);
}

function installed(name: string): string | undefined {
  return manifest(`node_modules/${name}/package.json`)?.version;
}

/** Undefined: there is none. */
function manifest(path: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(new URL(path, here), 'utf8')) as Manifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** By the Node that runs this: npm picks the binary of uWebSockets.js by the Node that runs npm. */
function install(): void {
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`;
  try {
    execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: fileURLToPath(here),
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 2, 2],
    });
  } catch (error) {
    const message =
      'the packages of the peers could not be installed (see above); is the npm registry reachable?';
    throw new Error(message, { cause: error });
  }
}
