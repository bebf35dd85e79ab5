// The ENUM settings of a running process: read from the zones file, read again when that changes, and
// with keys of cookies that change where the file names none.

import { randomBytes } from 'node:crypto';
import type { Log } from '../log.ts';
import { ResolverError } from '../resolver-error.ts';
import { lookRegularly, WatchedFile } from '../watched-file.ts';
import { defaultEnumSettings, type EnumSettings, readEnumFile } from './enum-settings.ts';

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

/** JSON of the form of the zones file; throws for any other. */
function parseZones(text: string): unknown {
  const content: unknown = JSON.parse(text);
  readEnumFile(content, drawSecret);
  return content;
}

export class EnumConfiguration {
  readonly #source: EnumSource;
  readonly #log: Log;
  readonly #now: () => number;
  #settings: EnumSettings;
  /** Keys drawn here, the newest first; used where the file has none. */
  #drawn = [drawSecret()];
  #drawnMs: number;
  /** The zones file, as parsed JSON that fits. */
  readonly #file: WatchedFile<unknown> | undefined;
  #stopLooking: (() => void) | undefined;

  private constructor(
    source: EnumSource,
    log: Log,
    now: () => number,
    file: WatchedFile<unknown> | undefined,
  ) {
    this.#source = source;
    this.#log = log;
    this.#now = now;
    this.#drawnMs = now();
    this.#file = file;
    this.#settings = this.#settingsOf(file?.value);
  }

  /** Throws BCHF_CONFIG_INVALID where the file cannot be read or does not fit. */
  static async open(source: EnumSource, log: Log, now: () => number): Promise<EnumConfiguration> {
    const path = source.enumZones;
    const file = path === '' ? undefined : await WatchedFile.open(path, parseZones);
    return new EnumConfiguration(source, log, now, file);
  }

  get settings(): EnumSettings {
    return this.#settings;
  }

  /** Calls back whenever the settings have changed, until {@link close}. */
  watch(onChange: (settings: EnumSettings) => void): void {
    this.#stopLooking = lookRegularly(async () => {
      if (await this.look()) onChange(this.#settings);
    });
  }

  /** Whether there are other settings than before. A file that does not fit changes nothing. */
  async look(): Promise<boolean> {
    const isOld = this.#now() - this.#drawnMs >= SECRET_LIFE_MS;
    if (isOld) {
      this.#drawn = [drawSecret(), this.#drawn[0]!];
      this.#drawnMs = this.#now();
    }
    const path = this.#source.enumZones;
    let isChanged = false;
    try {
      isChanged = (await this.#file?.look()) ?? false;
    } catch (error) {
      this.#log.error({ path, err: error }, 'ENUM settings stay as they were');
    }
    if (!isChanged && !isOld) return false;
    this.#settings = this.#settingsOf(this.#file?.value);
    if (isChanged) this.#log.info({ path }, 'ENUM settings read again');
    return true;
  }

  close(): void {
    this.#stopLooking?.();
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
