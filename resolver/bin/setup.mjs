// Makes a fresh clone runnable: locked dependencies, builds of Wasm, of TypeScript and of the console.
//
// Plain JavaScript on Node's own modules, because it runs before anything is installed. Each step
// leaves a stamp of what it was made from and is skipped while the stamp still fits, so a later
// start pays only for hashing the sources (a few milliseconds).

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MINIMUM = [20, 19];

/** The project's root folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const sourceFolders = ['wasm', 'ledger', 'resolver', 'loadtest', 'examples'];
/** One for each module: the index, and the packets. */
const assemblyConfigurations = ['asconfig.json', 'asconfig.packet.json'];
const consoleFolder = join(root, 'resolver', 'admin', 'console');
const modulesStamp = join(root, 'node_modules', '.bchf-stamp');
const wasmStamp = join(root, 'dist', '.wasm-stamp');
const consoleStamp = join(root, 'dist', '.console-stamp');
const typescriptStamp = join(root, 'dist', '.typescript-stamp');
/** Holds the id of the process that is setting up. */
const lockFile = join(root, 'dist', '.setup-lock');
/** Made by whoever removes that file after its process has ended, for as long as this takes. */
const removalFile = `${lockFile}-removal`;
const LOCK_LOOK_MS = 200;
/** No set-up takes so long: what is older was left behind, and its process id may be another's by now. */
const LOCK_MS_MAX = 15 * 60_000;

/**
 * Installs and builds what is missing or stale; with `dependenciesOnly` it only installs, as the first step of
 * a container's image. Ends the process with code 1 where that fails.
 */
export function setUp({ force = false, dependenciesOnly = false } = {}) {
  checkNode();
  // A copy that was built elsewhere, as in a container, comes without sources.
  if (!existsSync(join(root, 'tsconfig.json'))) return;
  try {
    takeSteps(force, dependenciesOnly);
  } finally {
    leaveLock();
  }
}

function takeSteps(force, dependenciesOnly) {
  const lock = hashFiles([join(root, 'package-lock.json')]);
  step('installing the locked dependencies', modulesStamp, lock, false, () =>
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { viaShell: true }),
  );
  if (dependenciesOnly) return;
  const sources = sourceFolders.flatMap((folder) => walk(join(root, folder)));
  const isConsole = (file) => file.includes(consoleFolder);
  const isAssembly = (file) => file.includes(`${join('wasm', 'assembly')}`);
  const typescript = hashFiles([
    ...sources.filter((file) => /\.(ts|tsx)$/.test(file) && !isAssembly(file) && !isConsole(file)),
    join(root, 'tsconfig.json'),
    join(root, 'package-lock.json'),
  ]);
  step('compiling TypeScript', typescriptStamp, typescript, force, () => {
    for (const folder of sourceFolders) removeCompiled(join(root, 'dist', folder));
    runPackageBinary('typescript', 'tsc', []);
  });
  const assembly = hashFiles([
    ...sources.filter(isAssembly),
    ...assemblyConfigurations.map((name) => join(root, name)),
    join(root, 'package-lock.json'),
  ]);
  step('compiling AssemblyScript to Wasm', wasmStamp, assembly, force, () => {
    for (const configuration of assemblyConfigurations) {
      for (const target of ['release', 'debug']) {
        const options = ['--config', configuration, '--target', target];
        // It tells how its optimiser went, which nobody needs to know.
        runPackageBinary('assemblyscript', 'asc', options, { isQuiet: true });
      }
    }
  });
  const page = hashFiles([
    ...sources.filter(isConsole),
    join(root, 'resolver', 'admin', 'console-model.ts'),
    join(root, 'package-lock.json'),
  ]);
  step('building the console', consoleStamp, page, force, () => {
    const configuration = join(consoleFolder, 'vite.config.ts');
    runPackageBinary('vite', 'vite', ['build', '--config', configuration, '--logLevel', 'warn']);
  });
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [majorMinimum, minorMinimum] = NODE_MINIMUM;
  if (major > majorMinimum || (major === majorMinimum && minor >= minorMinimum)) return;
  fail(`bchf needs Node ${NODE_MINIMUM.join('.')} or newer; this is ${process.version}.`);
}

/**
 * Takes a step whose stamp is not that of its sources: without the stamp from the start, so that a
 * step that was interrupted is taken again.
 */
function step(what, stampFile, expected, force, action) {
  if (!force && isCurrent(stampFile, expected)) return;
  takeLock();
  // Whoever had the lock may have done it.
  if (!force && isCurrent(stampFile, expected)) return;
  rmSync(stampFile, { force: true });
  const startedMs = Date.now();
  process.stderr.write(`set-up: ${what} …\n`);
  action();
  writeStamp(stampFile, expected);
  process.stderr.write(`set-up: done in ${((Date.now() - startedMs) / 1000).toFixed(1)} s\n`);
}

let hasLock = false;

/** Waits while another process sets this folder up: two installations at once destroy each other. */
function takeLock() {
  if (hasLock) return;
  mkdirSync(dirname(lockFile), { recursive: true });
  for (let isTold = false; !tryLock(lockFile); ) {
    if (!isLockHeld(lockFile) && removeLeftLock()) continue;
    if (!isTold) process.stderr.write('set-up: waiting for another one of this folder …\n');
    isTold = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_LOOK_MS);
  }
  hasLock = true;
}

/**
 * Removes a lock that nobody holds any more; false where another process does so at this moment.
 * Without the second file, the slower of two would remove the lock that the quicker has just taken.
 */
function removeLeftLock() {
  if (!tryLock(removalFile)) {
    // Its maker was killed in that moment.
    if (!isLockHeld(removalFile)) rmSync(removalFile, { force: true });
    return false;
  }
  if (!isLockHeld(lockFile)) rmSync(lockFile, { force: true });
  rmSync(removalFile, { force: true });
  return true;
}

function tryLock(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    fail(`${file} cannot be written: ${error.message}`);
  }
}

/** Whether the process that has a lock is still there. */
function isLockHeld(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > LOCK_MS_MAX) return false;
    const holder = readFileSync(file, 'utf8');
    // Empty between its making and its writing.
    return holder === '' || process.kill(Number(holder), 0);
  } catch (error) {
    // A process of another user cannot be signalled, but is there.
    return error.code === 'EPERM';
  }
}

function leaveLock() {
  if (hasLock) rmSync(lockFile, { force: true });
  hasLock = false;
}

/** Runs a dependency's own command by its file, so that no shell or PATH is involved. */
function runPackageBinary(packageName, binary, args, options) {
  const folder = join(root, 'node_modules', packageName);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[binary];
  run(process.execPath, [join(folder, file), ...args], options);
}

/** What a quiet command writes is shown only where it fails. */
function run(command, args, { viaShell = false, isQuiet = false } = {}) {
  // Standard output belongs to the command that the user asked for: builds report on standard error.
  const shell = viaShell && process.platform === 'win32';
  const stdio = isQuiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 2, 2];
  const result = spawnSync(command, args, { cwd: root, stdio, shell });
  if (isQuiet && result.status !== 0) {
    for (const output of [result.stdout, result.stderr]) process.stderr.write(output ?? '');
  }
  if (result.error) fail(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) fail(`${command} ${args.join(' ')} ended with code ${result.status}.`);
}

function walk(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** Stale output would go on being imported and tested after its source is gone. */
function removeCompiled(folder) {
  for (const file of walk(folder)) if (file.endsWith('.js')) rmSync(file, { force: true });
}

function hashFiles(files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(relative(root, file)).update('\0').update(readFileSync(file));
  return hash.digest('hex');
}

function isCurrent(stampFile, expected) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === expected;
}

function writeStamp(stampFile, stamp) {
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
}

function fail(message) {
  leaveLock();
  process.stderr.write(`set-up: ${message}\n`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [force, dependenciesOnly] = ['--force', '--dependencies'].map((flag) =>
    process.argv.includes(flag),
  );
  setUp({ force, dependenciesOnly });
}
