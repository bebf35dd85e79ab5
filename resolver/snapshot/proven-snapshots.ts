// Which snapshots of a directory need no proof: those that were written here, and those that were proven
// already. Any other one may be of somebody who wants other answers, whatever block it says it is of.
//
// They are known by the sha-256 of their manifests, which covers every byte. Where the list is lost, a
// start proves again what it loads, and no more.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../../ledger/whole-file.ts';
import type { Log } from '../log.ts';

/** The newest are kept; more than anybody keeps on disk. */
const HASHES_MAX = 1000;
const schema = z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(HASHES_MAX);

export class ProvenSnapshots {
  readonly #path: string;
  readonly #log: Log;
  #hashes: Promise<string[]> | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor(directory: string, log: Log) {
    this.#path = join(directory, 'proven.json');
    this.#log = log;
  }

  async has(manifestHash: string): Promise<boolean> {
    return (await this.#known()).includes(manifestHash);
  }

  /** Resolves when the disk has it, or could not take it: then it costs a proof. */
  async add(manifestHash: string): Promise<void> {
    const hashes = await this.#known();
    if (hashes.includes(manifestHash)) return;
    hashes.push(manifestHash);
    hashes.splice(0, hashes.length - HASHES_MAX);
    this.#written = this.#written.then(() =>
      writeWhole(this.#path, `${JSON.stringify(hashes)}\n`).catch((err) => {
        this.#log.warn({ path: this.#path, err }, 'what is proven is not noted');
      }),
    );
    await this.#written;
  }

  #known(): Promise<string[]> {
    this.#hashes ??= readFile(this.#path, 'utf8').then(
      (text) => this.#parse(text),
      () => [],
    );
    return this.#hashes;
  }

  #parse(text: string): string[] {
    try {
      return schema.parse(JSON.parse(text));
    } catch (err) {
      this.#log.warn({ path: this.#path, err }, 'the list of proven snapshots is passed over');
      return [];
    }
  }
}
