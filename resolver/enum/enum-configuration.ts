// The ENUM settings of a running process: read from the zones file, read again when that changes, and
// with keys of cookies that change where the file names none.

import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Log } from '../log.ts';
import { ResolverError } from '../resolver-error.ts';
import { defaultEnumSettings, type EnumSettings, readEnumFile } from './enum-settings.ts';

/** How often the file is looked at. */
const LOOK_INTERVAL_MS = 2000;
/** How long a drawn key of cookies makes cookies; it is accepted for as long again. */
const SECRET_LIFE_MS = 24 * 3600 * 1000;

export interface EnumSource {
  /** Path of the zones file; empty: one zone for everyone. */
  enumZones: string;
  enumSuffix: string;
  enumNameServer: string;
}

function drawSecret(): string {
  return randomBytes(16).toString('hex');
}

export class EnumConfiguration {
  readonly #source: EnumSource;
  readonly #log: Log;
  readonly #now: () => number;
  #settings: EnumSettings;
  /** Keys drawn here, the newest first; used where the file has none. */
  #drawn = [drawSecret()];
  #drawnMs: number;
  /** What the file looked like when it was read. */
  #stamp: string;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    source: EnumSource,
    log: Log,
    now: () => number,
    { stamp, content }: { stamp: string; content: unknown },
  ) {
    this.#source = source;
    this.#log = log;
    this.#now = now;
    this.#drawnMs = now();
    this.#stamp = stamp;
    this.#settings = this.#settingsOf(content);
  }

  /** Throws BCHF_CONFIG_INVALID where the file cannot be read or does not fit. */
  static async open(source: EnumSource, log: Log, now: () => number): Promise<EnumConfiguration> {
    return new EnumConfiguration(source, log, now, await readSource(source.enumZones));
  }

  get settings(): EnumSettings {
    return this.#settings;
  }

  /** Calls back whenever the settings have changed, until {@link close}. */
  watch(onChange: (settings: EnumSettings) => void): void {
    let isLooking = false;
    this.#timer = setInterval(async () => {
      if (isLooking) return;
      isLooking = true;
      if (await this.look()) onChange(this.#settings);
      isLooking = false;
    }, LOOK_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Whether there are other settings than before. A file that does not fit changes nothing. */
  async look(): Promise<boolean> {
    const isOld = this.#now() - this.#drawnMs >= SECRET_LIFE_MS;
    if (isOld) {
      this.#drawn = [drawSecret(), this.#drawn[0]!];
      this.#drawnMs = this.#now();
    }
    const path = this.#source.enumZones;
    try {
      const isChanged = path !== '' && (await stampOf(path)) !== this.#stamp;
      if (!isChanged && !isOld) return false;
      const { stamp, content } = await readSource(path);
      this.#stamp = stamp;
      this.#settings = this.#settingsOf(content);
      this.#log.info({ path }, 'ENUM settings read again');
      return true;
    } catch (error) {
      this.#log.error({ path, err: error }, 'ENUM settings stay as they were');
      return false;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #settingsOf(content: unknown): EnumSettings {
    const { enumZones, enumSuffix, enumNameServer } = this.#source;
    let hasOwnSecrets = true;
    const draw = () => {
      hasOwnSecrets = false;
      return this.#drawn[0]!;
    };
    try {
      const settings =
        enumZones === ''
          ? defaultEnumSettings(enumSuffix, enumNameServer, draw)
          : readEnumFile(content, draw);
      return hasOwnSecrets ? settings : { ...settings, cookieSecrets: this.#drawn };
    } catch (cause) {
      const message = `${enumZones || 'ENUM'}: ${(cause as Error).message}`;
      throw new ResolverError('BCHF_CONFIG_INVALID', message, { cause });
    }
  }
}

async function stampOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  return `${mtimeMs} ${size} ${ino}`;
}

async function readSource(path: string): Promise<{ stamp: string; content: unknown }> {
  if (path === '') return { stamp: '', content: undefined };
  try {
    const stamp = await stampOf(path);
    return { stamp, content: JSON.parse(await readFile(path, 'utf8')) };
  } catch (cause) {
    throw new ResolverError('BCHF_CONFIG_INVALID', `${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
}
