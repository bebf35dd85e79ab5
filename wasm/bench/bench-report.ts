// What all benches share: their command line, repetition with median and spread, the machine they ran
// on, the table for people and the JSON object in the last line.
//
// A bench says what it measures and hands over its figures; it prints nothing but progress, which
// goes to standard error. Clocks and loops belong to the bench itself, because what may lie between
// two readings of the clock differs from one to the next.
//
//     standard output    table: one figure a row, its bar beside it where it has one
//                        {"bench": NAME, "figures": {…}, "env": {cpu, cores, node, commit, seed}}
//
// Exit codes: 0 measured, whether or not a bar is met; 1 it could not be measured; 2 wrong options.

import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** An option of a bench that takes an integer. */
export interface BenchOption {
  /** What it sets, for `--help`. */
  what: string;
  /** Its value where it is not given. */
  full: number;
  /** Its value where it is not given but `--quick` is. */
  quick: number;
  min: number;
  max: number;
}

/** What the command line chose. */
export interface BenchOptions<Name extends string = never> {
  /** Whether `--quick` was given: a run that shows that the bench works, and measures nothing. */
  quick: boolean;
  /** How often every repeated figure is measured, 1 to 1,000. */
  runs: number;
  /** 0 to 2³² − 1. */
  seed: number;
  values: Record<Name, number>;
}

/** What a figure is to reach, in the figure's own unit. */
export type Bar = { atLeast: number } | { atMost: number };

export interface Figure {
  /** Key in the JSON object, its unit last. */
  name: string;
  /** The case it is of, where there are several: under the key there is an object, a key for each. */
  of?: string;
  /** One value for each run; a number where it is not repeated. */
  measured: number | readonly number[];
  bar?: Bar;
}

/** Median and range of a figure over the runs. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

export interface BenchResult {
  /** Lines above the table: what was measured on, and how. */
  notes: readonly string[];
  figures: readonly Figure[];
  /** Why the bars are not judged: the run is not of the size they are set for. */
  unjudged?: string;
}

export interface Bench<Name extends string> {
  /** As in `npm run bench -- NAME`. */
  name: string;
  /** One sentence for `--help`. */
  about: string;
  /** The options besides those of every bench. */
  options: Record<Name, BenchOption>;
  measure(options: BenchOptions<Name>): BenchResult | Promise<BenchResult>;
}

export interface BenchEnvironment {
  cpu: string;
  cores: number;
  node: string;
  /** Of the working tree, with `-dirty` where it has changes; `unknown` outside of a repository. */
  commit: string;
  seed: number;
}

const SEED_DEFAULT = 1;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const VALUE_DIGITS = 4;

const COMMON_OPTIONS = {
  runs: { what: 'runs of every figure', full: 5, quick: 2, min: 1, max: 1000 },
  seed: {
    what: 'seed of everything random',
    full: SEED_DEFAULT,
    quick: SEED_DEFAULT,
    min: 0,
    max: 2 ** 32 - 1,
  },
} as const satisfies Record<string, BenchOption>;

/** Runs a bench with the command line of this process, prints its report, sets the exit code. */
export async function runBench<Name extends string>(bench: Bench<Name>): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.includes('--help')) {
    process.stdout.write(usageOf(bench));
    return;
  }
  let options: BenchOptions<Name>;
  try {
    options = parseBenchOptions(argv, bench.options);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    process.stderr.write(`${error.message}\n\n${usageOf(bench)}`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  try {
    const result = await bench.measure(options);
    process.stdout.write(formatReport(bench.name, result, environmentOf(options.seed)));
  } catch (error) {
    process.stderr.write(`${bench.name}: ${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = EXIT_FAILED;
  }
}

/**
 * Reads `--quick`, `--runs`, `--seed` and the bench's own options. Throws a TypeError for an option
 * that is none, a RangeError for a value outside of its range.
 */
export function parseBenchOptions<Name extends string>(
  argv: readonly string[],
  own: Record<Name, BenchOption>,
): BenchOptions<Name> {
  const all: Record<string, BenchOption> = { ...COMMON_OPTIONS, ...own };
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean' },
      ...Object.fromEntries(Object.keys(all).map((name) => [name, { type: 'string' as const }])),
    },
  });
  const given: Record<string, string | boolean | undefined> = values;
  const quick = given.quick === true;
  const numberOf = (name: string): number => {
    const { full, quick: quickValue, min, max } = all[name]!;
    const text = given[name];
    if (text === undefined) return quick ? quickValue : full;
    const value = /^\d+$/.test(String(text)) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw new RangeError(`--${name} ${text}: not an integer from ${min} to ${max}`);
    }
    return value;
  };
  const ownNames = Object.keys(own) as Name[];
  return {
    quick,
    runs: numberOf('runs'),
    seed: numberOf('seed'),
    values: Object.fromEntries(ownNames.map((name) => [name, numberOf(name)])) as Record<
      Name,
      number
    >,
  };
}

/**
 * Measures `runs` times after one run that is thrown away, in which code is compiled and caches
 * fill. Returns the values by figure, in the order of the runs. Everything that a ratio relates
 * belongs into one call: what disturbs a shared machine then falls on both sides of it.
 *
 * @param measureOnce Given the run's number, 0 for the one that is thrown away.
 */
export function repeat<Name extends string>(
  runs: number,
  measureOnce: (run: number) => Record<Name, number>,
): Record<Name, number[]> {
  measureOnce(0);
  return byFigure(Array.from({ length: runs }, (_, at) => measureOnce(at + 1)));
}

/** The same where a run waits for other processes. One run begins when the one before is over. */
export async function repeatAsync<Name extends string>(
  runs: number,
  measureOnce: (run: number) => Promise<Record<Name, number>>,
): Promise<Record<Name, number[]>> {
  await measureOnce(0);
  const results: Record<Name, number>[] = [];
  for (let run = 1; run <= runs; run++) results.push(await measureOnce(run));
  return byFigure(results);
}

function byFigure<Name extends string>(
  results: readonly Record<Name, number>[],
): Record<Name, number[]> {
  const names = Object.keys(results[0]!) as Name[];
  return Object.fromEntries(
    names.map((name) => [name, results.map((result) => result[name])]),
  ) as Record<Name, number[]>;
}

/** Median, least and greatest of at least one value; of an even count, the middle two's mean. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('no values to summarise');
  const sorted = [...values].sort((left, right) => left - right);
  const middle = (sorted.length - 1) / 2;
  return {
    median: (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2,
    min: sorted[0]!,
    max: sorted.at(-1)!,
  };
}

/** Whether a figure meets its bar; of a repeated one the median counts. */
export function meetsBar(measured: Figure['measured'], bar: Bar): boolean {
  const value = typeof measured === 'number' ? measured : spreadOf(measured).median;
  return 'atLeast' in bar ? value >= bar.atLeast : value <= bar.atMost;
}

/** The notes, the table and, as the last line, the JSON object. */
export function formatReport(name: string, result: BenchResult, env: BenchEnvironment): string {
  const rows = result.figures.map((figure) => rowOf(figure, result.unjudged !== undefined));
  const unjudged = result.unjudged === undefined ? [] : [`Bars not judged: ${result.unjudged}`];
  const machine = `${env.cpu}, ${env.cores} cores, Node ${env.node}, commit ${env.commit}, seed ${env.seed}`;
  return [
    `${name}: ${machine}`,
    ...result.notes,
    '',
    ...formatTable([['figure', 'median', 'min', 'max', 'bar', 'verdict'], ...rows]),
    ...unjudged,
    '',
    JSON.stringify({ bench: name, figures: figuresOf(result), env }),
    '',
  ].join('\n');
}

/** The figures as the JSON object has them. */
function figuresOf({ figures }: BenchResult): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const { name, of, measured } of figures) {
    const value = typeof measured === 'number' ? measured : spreadOf(measured);
    if (of === undefined) object[name] = value;
    else object[name] = { ...(object[name] as object | undefined), [of]: value };
  }
  return object;
}

function rowOf({ name: key, of, measured, bar }: Figure, unjudged: boolean): string[] {
  const name = of === undefined ? key : `${key} ${of}`;
  const values =
    typeof measured === 'number'
      ? [Number.isInteger(measured) ? countFormat.format(measured) : formatValue(measured), '', '']
      : Object.values(spreadOf(measured)).map(formatValue);
  if (bar === undefined) return [name, ...values, '', ''];
  const verdict = meetsBar(measured, bar) ? 'met' : 'NOT MET';
  const limit = 'atLeast' in bar ? `>= ${bar.atLeast}` : `<= ${bar.atMost}`;
  return [name, ...values, limit, unjudged ? 'not judged' : verdict];
}

const valueFormat = new Intl.NumberFormat('en-US', { maximumSignificantDigits: VALUE_DIGITS });
const countFormat = new Intl.NumberFormat('en-US');

function formatValue(value: number): string {
  return valueFormat.format(value);
}

/** A count for people. */
export function group(count: number): string {
  return countFormat.format(count);
}

/** Progress: standard output is for the report. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Columns padded to their widest cell: the first and the last from the left, numbers from the right. */
function formatTable(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column === row.length - 1
          ? cell.padEnd(widths[column]!)
          : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
}

function environmentOf(seed: number): BenchEnvironment {
  const root = fileURLToPath(new URL('.', import.meta.url));
  const git = spawnSync('git', ['describe', '--always', '--dirty', '--exclude', '*'], {
    cwd: root,
    encoding: 'utf8',
  });
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    node: process.version.slice(1),
    commit: git.status === 0 ? git.stdout.trim() : 'unknown',
    seed,
  };
}

function usageOf<Name extends string>({ name, about, options }: Bench<Name>): string {
  const all: [string, BenchOption][] = Object.entries({ ...COMMON_OPTIONS, ...options });
  const lines = all.map(
    ([option, { what, full, quick, min, max }]) =>
      `  --${option} <n>`.padEnd(18) +
      `${what}, ${min} to ${max}; ${full}, with --quick ${quick}, if not given`,
  );
  return [
    `usage: npm run bench -- ${name} [options]`,
    about,
    '',
    '  --quick         shows in seconds that the bench works; its figures mean nothing',
    ...lines,
    '',
  ].join('\n');
}
