// What the server under load says of itself: processor time and memory, from its Prometheus metrics.

/** One look at the server. */
export interface ServerSample {
  /** After the begin of the run. */
  second: number;
  /** Of one processor, since the sample before. */
  cpuPercent: number;
  residentBytes: number;
  /** Height of the newest block, and how long it waited to be served; null without a ledger. */
  ledgerHeight: number | null;
  lagMs: number | null;
}

const TIMEOUT_MS = 900;
const TEXT_BYTES_MAX = 4 << 20;

/** The value of a metric without labels in Prometheus text; NaN where it is not there. */
export function metricOf(text: string, name: string): number {
  const found = new RegExp(`^${name} ([^\\s]+)`, 'm').exec(text);
  return found ? Number(found[1]) : Number.NaN;
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** What a server says of itself at one moment. */
export interface ServerReading {
  cpuSeconds: number;
  residentBytes: number;
  ledgerHeight: number | null;
  lagMs: number | null;
}

/** Asks a server; `undefined` for no address, and where it does not tell. */
export async function readServer(url: string): Promise<ServerReading | undefined> {
  if (url === '') return undefined;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await response.text();
    if (!response.ok || text.length > TEXT_BYTES_MAX) return undefined;
    return {
      cpuSeconds: metricOf(text, 'process_cpu_seconds_total'),
      residentBytes: metricOf(text, 'process_resident_memory_bytes'),
      ledgerHeight: numberOrNull(metricOf(text, 'bchf_ledger_height')),
      lagMs: numberOrNull(metricOf(text, 'bchf_index_lag_milliseconds')),
    };
  } catch {
    return undefined; // A server that is busy or gone.
  }
}

/** Looks at a server each second until it is stopped; a server that does not tell is left alone. */
export function sampleServer(
  url: string,
  startMs: number,
  nowMs: () => number,
): { samples: ServerSample[]; stop(): void } {
  const samples: ServerSample[] = [];
  let last: { cpuSeconds: number; atMs: number } | undefined;
  let isBusy = false;
  const look = async () => {
    if (isBusy) return;
    isBusy = true;
    const reading = await readServer(url);
    isBusy = false;
    if (!reading) return;
    const atMs = nowMs();
    const { cpuSeconds, ...rest } = reading;
    if (last && atMs > last.atMs) {
      samples.push({
        second: (atMs - startMs) / 1000,
        cpuPercent: ((cpuSeconds - last.cpuSeconds) * 100_000) / (atMs - last.atMs),
        ...rest,
      });
    }
    last = { cpuSeconds, atMs };
  };
  look();
  const timer = setInterval(look, 1000);
  return { samples, stop: () => clearInterval(timer) };
}
