// Figures as people read them. Pure, so that tests need no page.

const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 1234567 → `1,234,567`. */
export function whole(value: number): string {
  return GROUPED.format(value);
}

const STEPS: [number, string][] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** Three digits that matter: 1234567 → `1.23 M`, 0.4 → `0.4`, 12 → `12`. */
export function short(value: number): string {
  for (const [step, name] of STEPS) {
    // What rounds up to the next step belongs there.
    if (value >= step * 0.9995) return `${significant(value / step)} ${name}`;
  }
  return significant(value);
}

function significant(value: number): string {
  if (value === 0) return '0';
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** A latency: 12.3 → `12.3 µs`, 4567 → `4.57 ms`. */
export function latency(microseconds: number | null): string {
  if (microseconds === null) return '–';
  if (microseconds >= 999_500) return `${significant(microseconds / 1e6)} s`;
  if (microseconds >= 999.5) return `${significant(microseconds / 1e3)} ms`;
  return `${significant(microseconds)} µs`;
}

/** A duration: 0 → `0 ms`, 4200 → `4.2 s`, 90000 → `1 min 30 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${significant(seconds)} s`;
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [Math.floor(seconds) % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** 1536 → `1.5 KiB`. */
export function bytes(count: number): string {
  let value = count;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (value < 1023.5 || unit === 'GiB') return `${significant(value)} ${unit}`;
    value /= 1024;
  }
  return '';
}

/** 0.1234 → `12.3%`. */
export function percent(share: number): string {
  if (share > 0 && share < 0.0005) return '< 0.1%';
  return `${significant(share * 100)}%`;
}

/** The local time of day of a time in milliseconds since 1970. */
export function timeOfDay(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB');
}

/** Date and time, in local time, without fractions of seconds. */
export function dateTime(atMs: number): string {
  const date = new Date(atMs);
  return `${date.toLocaleDateString('en-CA')} ${date.toLocaleTimeString('en-GB')}`;
}
