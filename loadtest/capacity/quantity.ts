// Quantities as planners write them: `2M/s`, `800M`, `1ms`, `64GiB`, `2N`, `99.99%`.
//
// Every reader takes the whole text or throws BCHF_CAPACITY_QUANTITY, which says what it should be.

import { LoadtestError } from '../load-options.ts';

const DECIMAL: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };
const BYTES: Record<string, number> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const SECONDS: Record<string, number> = { us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1 };
/** `1,500,000`, `1500000`, `1.5`. */
const NUMBER = String.raw`([0-9]{1,3}(?:,[0-9]{3}){1,5}|[0-9]{1,16})(\.[0-9]{1,9})?`;

/** Numbers a second, above 0: `2M/s`, `500k/s`, `2000000`. */
export function parseRate(text: string): number {
  return positive(text, /^(.*?)([kMG]?)(?:\/s)?$/, DECIMAL, 'a rate such as 2M/s or 500k/s');
}

/** How many, above 0: `800M`, `1.5G`, `2000000`. */
export function parseCount(text: string): number {
  return positive(text, /^(.*?)([kMG]?)$/, DECIMAL, 'a number such as 800M or 1.5G');
}

/** In microseconds, above 0: `1ms`, `500us`, `0.2s`. Without a unit it would be a guess. */
export function parseTimeUs(text: string): number {
  const seconds = positive(text, /^(.*?)([uµm]?s)$/, SECONDS, 'a time such as 1ms or 500us');
  return seconds * 1e6;
}

/** In bytes, above 0: `64GiB`, `16GB`. */
export function parseBytes(text: string): number {
  return positive(text, /^(.*?)([kMGT]?B|[KMGT]iB)$/, BYTES, 'a memory such as 64GiB');
}

function positive(
  text: string,
  form: RegExp,
  units: Readonly<Record<string, number>>,
  what: string,
): number {
  const [, digits = '', unit = ''] = form.exec(text.trim()) ?? [];
  const scale = Object.hasOwn(units, unit) ? units[unit] : undefined;
  const value = new RegExp(`^${NUMBER}$`).test(digits)
    ? Number(digits.replaceAll(',', '')) * (scale ?? Number.NaN)
    : Number.NaN;
  if (value > 0 && Number.isFinite(value)) return value;
  throw refused(text, what);
}

/** How many machines there are beyond those that carry the load. */
export type Availability =
  /** `multiple` times as many, and `spares` more: 2N+1 is 2 and 1. */
  | { form: 'machines'; multiple: number; spares: number; text: string }
  /** So many that the load is carried with this probability. */
  | { form: 'probability'; probability: number; text: string };

const MULTIPLE_MAX = 5;
const SPARES_MAX = 100;

/** `N`, `N+1`, `2N`, `2N+1`, `99.99%`. */
export function parseAvailability(text: string): Availability {
  const machines = /^([1-9])?N(?:\+([0-9]{1,3}))?$/.exec(text.trim());
  if (machines) {
    const [multiple, spares] = [Number(machines[1] ?? 1), Number(machines[2] ?? 0)];
    if (multiple <= MULTIPLE_MAX && spares <= SPARES_MAX) {
      return { form: 'machines', multiple, spares, text: text.trim() };
    }
  }
  const share = /^([0-9]{1,2}(?:\.[0-9]{1,7})?)%$/.exec(text.trim());
  const probability = Number(share?.[1]) / 100;
  if (probability > 0) return { form: 'probability', probability, text: text.trim() };
  throw refused(text, `N, N+1, 2N, 2N+1 (at most ${MULTIPLE_MAX}N+${SPARES_MAX}) or 99.99%`);
}

/** A share in percent from above 0 to below 100: `99.5%`. */
export function parsePercent(text: string): number {
  const value = Number(/^([0-9]{1,2}(?:\.[0-9]{1,7})?)%$/.exec(text.trim())?.[1]) / 100;
  if (value > 0) return value;
  throw refused(text, 'a share such as 99.5%');
}

function refused(text: string, what: string): LoadtestError {
  return new LoadtestError('BCHF_CAPACITY_QUANTITY', `"${text}" is not ${what}`);
}

/** `2 M/s`, `850`, `1.25 G`: three digits, as a plan is no better. */
export function formatCount(value: number): string {
  const [scale, unit] =
    value >= 1e9 ? [1e9, ' G'] : value >= 1e6 ? [1e6, ' M'] : value >= 1e4 ? [1e3, ' k'] : [1, ''];
  return `${digits(value / scale)}${unit}`;
}

export function formatBytes(bytes: number): string {
  return bytes >= 2 ** 30
    ? `${digits(bytes / 2 ** 30)} GiB`
    : `${digits(Math.ceil(bytes / 2 ** 20))} MiB`;
}

export function formatTimeUs(us: number): string {
  return us >= 1000 ? `${digits(us / 1000)} ms` : `${digits(us)} µs`;
}

function digits(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : String(+value.toPrecision(3));
}
