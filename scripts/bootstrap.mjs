// Runs a command under the Node this project needs, after installing whatever is missing.
//
//   node scripts/bootstrap.mjs COMMAND [ARG ...]
//
// Plain JavaScript without dependencies, because it runs on the Node the machine happens to have
// (20 or newer) before anything is installed. Two things are made sure of:
//   1. Node 22. uWebSockets.js ships one native binary per Node major, so another major would not
//      load it. When this process is not that Node, npm brings one (`npx -p node@22`, cached by npm).
//   2. Dependencies, installed by that same Node, because npm picks the native binary by the Node
//      that runs npm. A stamp in node_modules remembers for which lock file and Node that was done.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 22;
const NODE_MINOR_MIN = 18; // the first 22 that strips types without a flag

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stampPath = join(root, 'node_modules', '.ringside-bootstrap.json');

function say(message) {
  process.stderr.write(`ringside: ${message}\n`);
}

function fail(message) {
  say(message);
  process.exit(1);
}

function isUsable(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  return major === NODE_MAJOR && minor >= NODE_MINOR_MIN;
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampPath, 'utf8'));
  } catch {
    return {}; // no stamp, or half of one: set up again
  }
}

/** The path of a usable node binary: this one, the one found last time, or one that npm brings. */
function findNode(stamp) {
  if (isUsable(process.versions.node)) return process.execPath;
  if (typeof stamp.node === 'string' && existsSync(stamp.node)) return stamp.node;
  say(`this is Node ${process.versions.node}; fetching Node ${NODE_MAJOR} through npm ...`);
  const found = spawnSync(
    'npx',
    ['-y', '-p', `node@${NODE_MAJOR}`, '-c', 'node -p "process.execPath + \' \' + process.version"'],
    { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const line = (found.stdout ?? '').trim().split('\n').at(-1) ?? '';
  const at = line.lastIndexOf(' ');
  if (found.status !== 0 || at < 0 || !isUsable(line.slice(at + 1))) {
    fail(
      `could not get Node ${NODE_MAJOR} through npm. Install Node >= ${NODE_MAJOR}.${NODE_MINOR_MIN} and run this again with it.`,
    );
  }
  return line.slice(0, at);
}

const stamp = readStamp();
const node = findNode(stamp);
const env = {
  // Large buffers (a snapshot of a round has megabytes, several times over on its way to the disk) come from the system
  // and go back to it. Left to itself glibc soon takes them from its heaps, between what stays: 2 KiB more for each of
  // 15,000 viewers. Other C libraries ignore it.
  MALLOC_MMAP_THRESHOLD_: '262144',
  ...process.env,
  PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
};
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

if (stamp.lock !== lock || stamp.node !== node) {
  say('installing dependencies ...');
  // Not `npm ci`: it refuses a lock file without the binaries of other platforms, which npm leaves out of the
  // lock where the registry at hand does not carry them. This takes the versions of the lock all the same.
  const install = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
  });
  if (install.status !== 0) fail('npm install failed (see above). Is the npm registry reachable?');
  writeFileSync(stampPath, JSON.stringify({ lock, node }));
}

const [command, ...args] = process.argv.slice(2);
if (command === undefined) fail('usage: node scripts/bootstrap.mjs COMMAND [ARG ...]');
const child = spawn(command === 'node' ? node : command, args, { cwd: process.cwd(), env, stdio: 'inherit' });
// Ctrl-C reaches the whole process group, so the child already has it: here it is only outlived.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
process.on('SIGHUP', () => child.kill('SIGHUP'));
// npm hands SIGTERM to a shell between itself and this process, and the shell dies without handing it on. Losing
// that shell is the same request.
if (process.env.npm_lifecycle_event !== undefined) {
  const shell = process.ppid;
  setInterval(() => {
    if (process.ppid !== shell) child.kill('SIGTERM');
  }, 250).unref();
}
child.on('error', (error) => fail(`cannot run ${command}: ${error.message}`));
child.on('exit', (code, signal) => {
  process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
});
