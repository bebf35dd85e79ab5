// The file of the audit log. Lines are appended in the order in which they come; the file is opened
// anew when it is told to (SIGHUP, after logrotate has moved it away), and moved away itself when it
// would become too large:
//
//     audit.log  ─▶  audit.log.1  ─▶  audit.log.2  ─▶ … ─▶  deleted

import { type FileHandle, open, rename } from 'node:fs/promises';
import type { Log } from '../log.ts';
import { ResolverError } from '../resolver-error.ts';

/** Lots of lines that wait for the disk; beyond that they are lost. */
const WAITING_LOTS_MAX = 64;
/** Moved-away files that are kept. */
const KEPT_FILES = 9;

export class AuditFile {
  readonly #path: string;
  readonly #bytesMax: number;
  readonly #log: Log;
  #file: FileHandle;
  #bytes: number;
  #waitingLots = 0;
  #isFailing = false;
  /** Everything that touches the file, one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, bytesMax: number, log: Log, file: FileHandle, bytes: number) {
    this.#path = path;
    this.#bytesMax = bytesMax;
    this.#log = log;
    this.#file = file;
    this.#bytes = bytes;
  }

  /**
   * Opens the file, or makes it, for its owner alone. Throws BCHF_AUDIT_FAILED.
   *
   * @param bytesMax the size beyond which it is moved away; 0: never
   */
  static async open(path: string, bytesMax: number, log: Log): Promise<AuditFile> {
    try {
      const { file, bytes } = await openToAppend(path);
      return new AuditFile(path, bytesMax, log, file, bytes);
    } catch (cause) {
      throw new ResolverError('BCHF_AUDIT_FAILED', `${path}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  /** Appends lines. Returns whether they are in the file; never rejects. */
  write(lines: Uint8Array): Promise<boolean> {
    if (this.#waitingLots >= WAITING_LOTS_MAX) return Promise.resolve(false);
    this.#waitingLots++;
    return this.#inTurn(async () => {
      this.#waitingLots--;
      if (this.#bytesMax > 0 && this.#bytes > 0 && this.#bytes + lines.length > this.#bytesMax) {
        await this.#moveAway();
      }
      await this.#file.appendFile(lines);
      this.#bytes += lines.length;
    });
  }

  /** Opens the file of that name anew. */
  reopen(): Promise<boolean> {
    return this.#inTurn(() => this.#openAnew());
  }

  async close(): Promise<void> {
    await this.#inTurn(() => this.#file.close());
  }

  async #moveAway(): Promise<void> {
    for (let number = KEPT_FILES - 1; number >= 0; number--) {
      const from = number === 0 ? this.#path : `${this.#path}.${number}`;
      await rename(from, `${this.#path}.${number + 1}`).catch((error) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    await this.#openAnew();
  }

  async #openAnew(): Promise<void> {
    const { file, bytes } = await openToAppend(this.#path);
    await this.#file.close().catch(() => {});
    this.#file = file;
    this.#bytes = bytes;
  }

  #inTurn(action: () => Promise<void>): Promise<boolean> {
    const done = this.#last.then(action).then(
      () => {
        this.#isFailing = false;
        return true;
      },
      (err) => {
        // Said once, until it works again: it may fail with every lot.
        if (!this.#isFailing) this.#log.error({ err, path: this.#path }, 'audit log failed');
        this.#isFailing = true;
        return false;
      },
    );
    this.#last = done;
    return done;
  }
}

async function openToAppend(path: string): Promise<{ file: FileHandle; bytes: number }> {
  const file = await open(path, 'a', 0o600);
  try {
    return { file, bytes: (await file.stat()).size };
  } catch (error) {
    await file.close();
    throw error;
  }
}
