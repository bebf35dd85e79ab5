// The ledger on disk: blocks, what they changed, and the rows of the state, in one classic-level
// database.
//
// | key                       | value                                                         |
// |---------------------------|---------------------------------------------------------------|
// | 'g'                       | JSON: format, chain id, settings                              |
// | 't'                       | JSON: the tip                                                 |
// | 'b' height u64            | block (block-codec)                                           |
// | 'c' height u64            | the commit that proves that block                             |
// | 'h' height u64            | 32 bytes block hash, float64 little-endian block time in ms   |
// | 'r' height u64            | results: a u16 little-endian code number for each transaction |
// | 'e' height u64            | entry changes (change-codec)                                  |
// | 's' table u8, row id u64  | a row of the state (state/tables)                             |
//
// Integers in keys are big-endian, so that keys are in order of height and of row id. Everything a
// block brings is written in one batch with `sync: true`: after a crash the store holds it wholly or
// not at all, and an acknowledged block is never lost. The app hash covers the rows of the state; all
// other values are sealed (seal).

import { mkdir, readdir } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import type { EntryChange } from '../entry.ts';
import { LedgerError } from '../ledger-error.ts';
import { writeUint64 } from '../state/hash-tree.ts';
import { type Row, TABLES, type Table } from '../state/tables.ts';
import { numberOfCode, TRANSACTION_CODES, type TransactionCode } from '../transaction-code.ts';
import { decodeChanges, encodeChanges } from './change-codec.ts';
import { seal, unseal } from './seal.ts';

const FORMAT = 2;
const ROWS_READ_AT_ONCE = 2_000;

/** What a ledger is created with. */
export interface Genesis {
  chainId: string;
  settings: Record<string, unknown>;
}

/** Where the ledger stands. Hashes are 32 bytes. */
export interface StoredTip {
  height: number;
  blockHash: Uint8Array;
  timeMs: number;
  /** State commitment after the tip. */
  appHash: Uint8Array;
  /** Root over the tip's results. */
  resultsHash: Uint8Array;
  /** Transactions of all blocks, rejected ones included. */
  transactionCount: number;
}

/** Everything that one block brings. */
export interface StoredBlock {
  block: Uint8Array;
  commit: Uint8Array;
  codes: readonly TransactionCode[];
  changes: readonly EntryChange[];
  rows: readonly Row[];
  tip: StoredTip;
}

/** The entry changes of one block. */
export interface BlockChanges {
  height: number;
  blockHash: Uint8Array;
  timeMs: number;
  changes: EntryChange[];
}

type Database = ClassicLevel<Buffer, Uint8Array>;
/** A put, or without a value a deletion. */
interface Operation {
  key: Buffer;
  value: Uint8Array | undefined;
}

export class LedgerStore {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Opens the store in a directory, which is made where it is missing. Errors: BCHF_STORE_LOCKED,
   * BCHF_STORE_CORRUPT, BCHF_STORE_FAILED.
   */
  static async open(directory: string): Promise<LedgerStore> {
    try {
      await mkdir(directory, { recursive: true });
      await refuseHeadless(directory);
      const database: Database = new ClassicLevel(directory, {
        keyEncoding: 'buffer',
        valueEncoding: 'view',
      });
      await database.open();
      return new LedgerStore(database);
    } catch (error) {
      throw storeError(error, `the store in ${directory} cannot be opened`);
    }
  }

  /** What the ledger was created with; `undefined` when there is none yet. */
  async genesis(): Promise<Genesis | undefined> {
    const value = await this.#get(key('g'));
    if (!value) {
      if (await this.#get(key('t'))) throw corrupt('there is no beginning');
      return undefined;
    }
    const { format, chainId, settings } = parseJson(value);
    if (format !== FORMAT) throw corrupt(`format ${String(format)} instead of ${FORMAT}`);
    return { chainId: chainId as string, settings: settings as Record<string, unknown> };
  }

  /** Writes the beginning of a ledger. */
  async create(genesis: Genesis, rows: readonly Row[], tip: StoredTip): Promise<void> {
    await this.#write([
      put(key('g'), Buffer.from(JSON.stringify({ format: FORMAT, ...genesis }))),
      put(key('t'), encodeTip(tip)),
      ...rows.map(rowOperation),
    ]);
  }

  async tip(): Promise<StoredTip> {
    const value = await this.#get(key('t'));
    if (!value) throw corrupt('there is no tip');
    const tip = parseJson(value);
    return {
      height: Number(tip.height),
      blockHash: fromHex(tip.blockHash),
      timeMs: Number(tip.timeMs),
      appHash: fromHex(tip.appHash),
      resultsHash: fromHex(tip.resultsHash),
      transactionCount: Number(tip.transactionCount),
    };
  }

  /** Writes one block and all that it brings: when this returns, it is on the disk. */
  async writeBlock({ block, commit, codes, changes, rows, tip }: StoredBlock): Promise<void> {
    const { height } = tip;
    const results = Buffer.alloc(codes.length * 2);
    for (const [index, code] of codes.entries()) {
      results.writeUInt16LE(numberOfCode(code), index * 2);
    }
    const time = Buffer.alloc(8);
    time.writeDoubleLE(tip.timeMs);
    await this.#write([
      put(key('b', height), block),
      put(key('c', height), commit),
      put(key('h', height), Buffer.concat([tip.blockHash, time])),
      put(key('r', height), results),
      put(key('e', height), encodeChanges(changes)),
      put(key('t'), encodeTip(tip)),
      ...rows.map(rowOperation),
    ]);
  }

  /** The encoded block at a height. */
  block(height: number): Promise<Uint8Array | undefined> {
    return this.#get(key('b', height));
  }

  /** The encoded commit for the block at a height. */
  commit(height: number): Promise<Uint8Array | undefined> {
    return this.#get(key('c', height));
  }

  /** The results of the block at a height. */
  async codes(height: number): Promise<TransactionCode[] | undefined> {
    const results = await this.#get(key('r', height));
    if (!results) return undefined;
    const numbers = new Uint16Array(Uint8Array.from(results).buffer);
    return Array.from(numbers, (number) => {
      const code = TRANSACTION_CODES[number];
      if (!code) throw corrupt(`no transaction code ${number}`);
      return code;
    });
  }

  /** Hash and time of the block at a height. */
  async blockSummary(
    height: number,
  ): Promise<{ blockHash: Uint8Array; timeMs: number } | undefined> {
    const value = await this.#get(key('h', height));
    if (!value) return undefined;
    return {
      blockHash: Uint8Array.from(value.subarray(0, 32)),
      timeMs: Buffer.from(value).readDoubleLE(32),
    };
  }

  /** The changes of each block from one height to another, both included, in order. */
  async *changes(from: number, to: number): AsyncIterableIterator<BlockChanges> {
    for (let height = from; height <= to; height++) {
      const summary = await this.blockSummary(height);
      const value = await this.#get(key('e', height));
      if (!summary || !value) throw corrupt(`block ${height} is missing`);
      let changes: EntryChange[];
      try {
        changes = decodeChanges(value);
      } catch (error) {
        throw corrupt(`changes of block ${height}`, error);
      }
      yield { height, ...summary, changes };
    }
  }

  /** All rows of the state: in the order of `TABLES`, then by id. */
  async *rows(): AsyncIterableIterator<{ table: Table; id: number; bytes: Uint8Array }> {
    const iterator = this.#database.iterator({ gte: Buffer.from('s'), lt: Buffer.from('t') });
    try {
      for (;;) {
        const entries = await iterator.nextv(ROWS_READ_AT_ONCE);
        if (entries.length === 0) return;
        for (const [rowKey, bytes] of entries) {
          const table = TABLES[rowKey[1]!];
          if (!table || rowKey.length !== 10) throw corrupt('a row of no table');
          const id = rowKey.readUInt32BE(2) * 0x1_0000_0000 + rowKey.readUInt32BE(6);
          yield { table, id, bytes };
        }
      }
    } catch (error) {
      throw storeError(error, 'the state cannot be read');
    } finally {
      await iterator.close();
    }
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  async #get(at: Buffer): Promise<Uint8Array | undefined> {
    let sealed: Uint8Array | undefined;
    try {
      sealed = await this.#database.get(at);
    } catch (error) {
      throw storeError(error, 'the store cannot be read');
    }
    if (!sealed) return undefined;
    const value = unseal(at, sealed);
    if (!value) throw corrupt(`the value of key ${at.toString('hex')} has changed`);
    return value;
  }

  async #write(operations: Operation[]): Promise<void> {
    try {
      // A chained batch costs 4.5 µs a row, an array 14 µs (Xeon 2.5 GHz, Node 20.20, 2026-11).
      const batch = this.#database.batch();
      for (const { key: at, value } of operations) {
        if (value) batch.put(at, value);
        else batch.del(at);
      }
      await batch.write({ sync: true });
    } catch (error) {
      throw storeError(error, 'the store cannot be written');
    }
  }
}

function key(kind: string, height?: number): Buffer {
  if (height === undefined) return Buffer.from(kind);
  const bytes = Buffer.alloc(9);
  bytes.write(kind, 0, 'latin1');
  writeUint64(bytes, height, 1);
  return bytes;
}

const TABLE_BYTES = new Map<Table, number>(TABLES.map((table, byte) => [table, byte]));

function rowOperation({ table, id, bytes }: Row): Operation {
  const rowKey = Buffer.allocUnsafe(10);
  rowKey[0] = 's'.charCodeAt(0);
  rowKey[1] = TABLE_BYTES.get(table)!;
  writeUint64(rowKey, id, 2);
  return { key: rowKey, value: bytes };
}

function put(at: Buffer, value: Uint8Array): Operation {
  return { key: at, value: seal(at, value) };
}

/**
 * LevelDB takes a directory without its file CURRENT for a new one and empties it. It makes CURRENT
 * before the first table or log, so where these are, CURRENT has been lost.
 */
async function refuseHeadless(directory: string): Promise<void> {
  const files = await readdir(directory);
  if (!files.includes('CURRENT') && files.some((file) => /\.(ldb|log)$/.test(file))) {
    throw corrupt('the file CURRENT is missing');
  }
}

function encodeTip(tip: StoredTip): Uint8Array {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  return Buffer.from(
    JSON.stringify({
      ...tip,
      blockHash: hex(tip.blockHash),
      appHash: hex(tip.appHash),
      resultsHash: hex(tip.resultsHash),
    }),
  );
}

function fromHex(text: unknown): Uint8Array {
  return new Uint8Array(Buffer.from(String(text), 'hex'));
}

function parseJson(value: Uint8Array): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(value).toString('utf8'));
  } catch (error) {
    throw corrupt('a record is no JSON', error);
  }
}

function corrupt(message: string, cause?: unknown): LedgerError {
  return new LedgerError('BCHF_STORE_CORRUPT', `the store is damaged: ${message}`, { cause });
}

/** The error of the database in the ledger's own codes. */
function storeError(error: unknown, message: string): LedgerError {
  if (error instanceof LedgerError) return error;
  const codes = new Set<unknown>();
  for (let at = error; at instanceof Error; at = at.cause) {
    codes.add((at as { code?: unknown }).code);
  }
  if (codes.has('LEVEL_LOCKED')) {
    return new LedgerError('BCHF_STORE_LOCKED', `${message}: another process uses it`, {
      cause: error,
    });
  }
  if (codes.has('LEVEL_CORRUPTION')) return corrupt(message, error);
  return new LedgerError('BCHF_STORE_FAILED', message, { cause: error });
}
