// The report of a bench: the table for people, and the JSON object in its last line.

import type { Bar, BenchEnvironment, BenchResult, Figure } from './bench-report.ts';

const VALUE_DIGITS = 4;

/** Median and range of a figure over the runs. */
export interface Spread {
  median: number;
  min: number;
  max: number;
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
