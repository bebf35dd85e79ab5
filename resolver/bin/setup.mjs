// Makes a fresh clone runnable: locked dependencies, builds of Wasm, of TypeScript and of the console.
//
// Plain JavaScript on Node's own modules, because it runs before anything is installed. Each step
// leaves a stamp of what it was made from and is skipped while the stamp still fits, so a later
// start pays only for hashing the sources (a few milliseconds).

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/**
 * Installs and builds what is missing or stale; with `dependenciesOnly` it only installs, as the first step of
 * a container's image. Ends the process with code 1 where that fails.
 */
export function setUp({ force = false, dependenciesOnly = false } = {}) {
  checkNode();
  // A copy that was built elsewhere, as in a container, comes without sources.
  if (!existsSync(join(root, 'tsconfig.json'))) return;
  const lock = hashFiles([join(root, 'package-lock.json')]);
  if (!isCurrent(modulesStamp, lock)) {
    step('installing the locked dependencies', modulesStamp, () =>
      run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { viaShell: true }),
    );
    writeFileSync(modulesStamp, lock);
  }
  if (dependenciesOnly) return;
  const sources = sourceFolders.flatMap((folder) => walk(join(root, folder)));
  const isConsole = (file) => file.includes(consoleFolder);
  const isAssembly = (file) => file.includes(`${join('wasm', 'assembly')}`);
  const typescript = hashFiles([
    ...sources.filter((file) => /\.(ts|tsx)$/.test(file) && !isAssembly(file) && !isConsole(file)),
    join(root, 'tsconfig.json'),
    join(root, 'package-lock.json'),
  ]);
  if (force || !isCurrent(typescriptStamp, typescript)) {
    step('compiling TypeScript', typescriptStamp, () => {
      for (const folder of sourceFolders) removeCompiled(join(root, 'dist', folder));
      runPackageBinary('typescript', 'tsc', []);
    });
    writeStamp(typescriptStamp, typescript);
  }
  const assembly = hashFiles([
    ...sources.filter(isAssembly),
    ...assemblyConfigurations.map((name) => join(root, name)),
    join(root, 'package-lock.json'),
  ]);
  if (force || !isCurrent(wasmStamp, assembly)) {
    step('compiling AssemblyScript to Wasm', wasmStamp, () => {
      for (const configuration of assemblyConfigurations) {
        for (const target of ['release', 'debug']) {
          const options = ['--config', configuration, '--target', target];
          runPackageBinary('assemblyscript', 'asc', options);
        }
      }
    });
    writeStamp(wasmStamp, assembly);
  }
  const page = hashFiles([
    ...sources.filter(isConsole),
    join(root, 'resolver', 'admin', 'console-model.ts'),
    join(root, 'package-lock.json'),
  ]);
  if (force || !isCurrent(consoleStamp, page)) {
    step('building the console', consoleStamp, () => {
      const configuration = join(consoleFolder, 'vite.config.ts');
      runPackageBinary('vite', 'vite', ['build', '--config', configuration, '--logLevel', 'warn']);
    });
    writeStamp(consoleStamp, page);
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [majorMinimum, minorMinimum] = NODE_MINIMUM;
  if (major > majorMinimum || (major === majorMinimum && minor >= minorMinimum)) return;
  fail(`bchf needs Node ${NODE_MINIMUM.join('.')} or newer; this is ${process.version}.`);
}

/** Without its stamp from the start, so that a step that was interrupted is taken again. */
function step(what, stampFile, action) {
  rmSync(stampFile, { force: true });
  const startedMs = Date.now();
  process.stderr.write(`set-up: ${what} …\n`);
  action();
  process.stderr.write(`set-up: done in ${((Date.now() - startedMs) / 1000).toFixed(1)} s\n`);
}

/** Runs a dependency's own command by its file, so that no shell or PATH is involved. */
function runPackageBinary(packageName, binary, args) {
  const folder = join(root, 'node_modules', packageName);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[binary];
  run(process.execPath, [join(folder, file), ...args]);
}

function run(command, args, { viaShell = false } = {}) {
  // Standard output belongs to the command that the user asked for: builds report on standard error.
  const shell = viaShell && process.platform === 'win32';
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell });
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
  process.stderr.write(`set-up: ${message}\n`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [force, dependenciesOnly] = ['--force', '--dependencies'].map((flag) =>
    process.argv.includes(flag),
  );
  setUp({ force, dependenciesOnly });
}
