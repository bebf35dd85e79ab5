// The ledger on disk: blocks, what they changed, and the rows of the state, in one classic-level
// database.
//
// | key                       | value                                                         |
// |---------------------------|---------------------------------------------------------------|
// | 'g'                       | JSON: format, chain id, settings                              |
// | 't'                       | JSON: the tip                                                 |
// | 'p'                       | JSON: the first height whose block is kept, once pruned       |
// | 'b' height u64            | block (block-codec)                                           |
// | 'c' height u64            | the commit that proves that block                             |
// | 'h' height u64            | 32 bytes block hash, float64 little-endian block time in ms   |
// | 'i' height u64            | the first 4 bytes of each transaction's id                    |
// | 'r' height u64            | results: a u16 little-endian code number for each transaction |
// | 'e' height u64            | entry changes (change-codec)                                  |
// | 's' table u8, row id u64  | a row of the state before the newest block (state/tables)     |
// | 'd'                       | the rows that the newest block has changed (row-codec)        |
//
// Integers in keys are big-endian, so that keys are in order of height and of row id. Everything a
// block brings is written in one batch with `sync: true`: after a crash the store holds it wholly or
// not at all, and an acknowledged block is never lost. The app hash covers the rows of the state; all
// other values are sealed (seal).
//
// The newest block's rows lie apart until the next block: the app hash that the chain vouches for is
// always that of the state before the newest block, so this state is the one that proofs are made of.

import { decodeBlock } from '../block/block-codec.ts';
import type { EntryChange } from '../entry.ts';
import { LedgerError } from '../ledger-error.ts';
import { memberType } from '../record-codec.ts';
import { writeUint64 } from '../state/hash-tree.ts';
import { type Row, TABLES, type Table } from '../state/tables.ts';
import { numberOfCode, TRANSACTION_CODES, type TransactionCode } from '../transaction-code.ts';
import { transactionId } from '../transaction-codec.ts';
import { decodeChanges, encodeChanges } from './change-codec.ts';
import { compareRows, decodeRows, encodeRows, TABLE_BYTES } from './row-codec.ts';
import { type Operation, put, SealedDatabase } from './sealed-database.ts';
import { corrupt } from './store-error.ts';

const FORMAT = 3;
/** Bytes of a transaction's id that are kept to find it by. */
const ID_BYTES = 4;

/** What a ledger is created with. */
export interface Genesis {
  chainId: string;
  settings: Record<string, unknown>;
  /** 64 hex digits: the key that the first member, the authority, begins with. */
  authorityPublicKey?: string;
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
  /** The ids of its transactions, in order; computed where they are not given. */
  ids?: readonly Uint8Array[];
}

/** The entry changes of one block. */
export interface BlockChanges {
  height: number;
  blockHash: Uint8Array;
  timeMs: number;
  changes: EntryChange[];
}

/** A row of the state as it lies in the store. */
export interface StoredRow {
  table: Table;
  id: number;
  bytes: Uint8Array;
}

export class LedgerStore {
  readonly #database: SealedDatabase;
  /** What 'd' holds; `undefined` until it is first needed. */
  #newestRows: Row[] | undefined;

  private constructor(database: SealedDatabase) {
    this.#database = database;
  }

  /**
   * Opens the store in a directory, which is made where it is missing. Errors: BCHF_STORE_LOCKED,
   * BCHF_STORE_CORRUPT, BCHF_STORE_FAILED.
   */
  static async open(directory: string): Promise<LedgerStore> {
    return new LedgerStore(await SealedDatabase.open(directory));
  }

  /** What the ledger was created with; `undefined` when there is none yet. */
  async genesis(): Promise<Genesis | undefined> {
    const value = await this.#database.get(key('g'));
    if (!value) {
      if (await this.#database.get(key('t'))) throw corrupt('there is no beginning');
      return undefined;
    }
    const { format, chainId, settings, authorityPublicKey } = parseJson(value);
    if (format !== FORMAT) throw corrupt(`format ${String(format)} instead of ${FORMAT}`);
    return {
      chainId: chainId as string,
      settings: settings as Record<string, unknown>,
      ...(typeof authorityPublicKey === 'string' ? { authorityPublicKey } : {}),
    };
  }

  /** Writes the beginning of a ledger; the authority's key is that of the first member's row. */
  async create(
    { chainId, settings }: Genesis,
    rows: readonly Row[],
    tip: StoredTip,
  ): Promise<void> {
    const authority = rows.find(({ table, id }) => table === 'members' && id === 0)?.bytes;
    const authorityPublicKey =
      authority && Buffer.from(memberType.deserialize(authority).publicKey).toString('hex');
    const genesis = { format: FORMAT, chainId, settings, authorityPublicKey };
    await this.#database.write([
      put(key('g'), Buffer.from(JSON.stringify(genesis))),
      put(key('t'), encodeTip(tip)),
      ...rows.map(rowOperation),
    ]);
  }

  async tip(): Promise<StoredTip> {
    const value = await this.#database.get(key('t'));
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
  async writeBlock(stored: StoredBlock): Promise<void> {
    const { block, commit, codes, changes, rows, tip } = stored;
    const { height } = tip;
    const results = Buffer.alloc(codes.length * 2);
    for (const [index, code] of codes.entries()) {
      results.writeUInt16LE(numberOfCode(code), index * 2);
    }
    const time = Buffer.alloc(8);
    time.writeDoubleLE(tip.timeMs);
    const ids = stored.ids ?? decodeBlock(block).transactions.map(transactionId);
    const settled = await this.newestRows();
    const newest = encodeRows(rows);
    await this.#database.write([
      put(key('b', height), block),
      put(key('c', height), commit),
      put(key('h', height), Buffer.concat([tip.blockHash, time])),
      put(key('i', height), Buffer.concat(ids.map((id) => id.subarray(0, ID_BYTES)))),
      put(key('r', height), results),
      put(key('e', height), encodeChanges(changes)),
      put(key('d'), newest),
      put(key('t'), encodeTip(tip)),
      ...settled.map(rowOperation),
    ]);
    this.#newestRows = decodeRows(newest);
  }

  /** The first height whose block is kept; 1 unless older ones were pruned. */
  async firstHeight(): Promise<number> {
    const value = await this.#database.get(key('p'));
    return value ? Number(parseJson(value).firstHeight) : 1;
  }

  /**
   * Forgets the blocks below a height, and what they changed; the state stays. A crash leaves what is
   * below for the next call. Whoever needs them to catch up gets BCHF_STORE_PRUNED from now on.
   */
  async prune(firstHeight: number): Promise<void> {
    const tip = await this.tip();
    if (firstHeight > tip.height || firstHeight < (await this.firstHeight())) {
      throw new RangeError(`block ${firstHeight} is not kept`);
    }
    await this.#database.write([put(key('p'), Buffer.from(JSON.stringify({ firstHeight })))]);
    const below = (kind: string, height: number) => ({ gte: key(kind, 0), lt: key(kind, height) });
    await this.#database.clear(
      ...['b', 'c', 'i', 'r', 'e'].map((kind) => below(kind, firstHeight)),
      // An index at the height just below can still catch up, and is known by this block's hash.
      below('h', firstHeight - 1),
    );
  }

  /**
   * Where a transaction is: the newest one with this id; `undefined` where no kept block holds it. Four
   * bytes a transaction are read back from the newest block on.
   */
  async findTransaction(id: Uint8Array): Promise<{ height: number; index: number } | undefined> {
    const wanted = Buffer.from(id.subarray(0, ID_BYTES));
    for await (const { height, value } of this.#backwards('i')) {
      for (let at = value.length - ID_BYTES; at >= 0; at -= ID_BYTES) {
        if (wanted.compare(value, at, at + ID_BYTES) !== 0) continue;
        const index = at / ID_BYTES;
        const block = await this.block(height);
        const bytes = block && decodeBlock(block).transactions[index];
        if (bytes && Buffer.compare(transactionId(bytes), id) === 0) return { height, index };
      }
    }
    return undefined;
  }

  /** The encoded entry changes of kept blocks up to a height (change-codec), the newest block first. */
  encodedChangesBackwards(
    heightMax = Number.MAX_SAFE_INTEGER,
  ): AsyncIterableIterator<{ height: number; value: Uint8Array }> {
    return this.#backwards('e', heightMax);
  }

  /** The encoded block at a height. */
  block(height: number): Promise<Uint8Array | undefined> {
    return this.#database.get(key('b', height));
  }

  /** The encoded commit for the block at a height. */
  commit(height: number): Promise<Uint8Array | undefined> {
    return this.#database.get(key('c', height));
  }

  /** The results of the block at a height. */
  async codes(height: number): Promise<TransactionCode[] | undefined> {
    const results = await this.#database.get(key('r', height));
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
    const value = await this.#database.get(key('h', height));
    if (!value) return undefined;
    return {
      blockHash: Uint8Array.from(value.subarray(0, 32)),
      timeMs: Buffer.from(value).readDoubleLE(32),
    };
  }

  /** The changes of each block from one height to another, both included, in order. */
  async *changes(from: number, to: number): AsyncIterableIterator<BlockChanges> {
    const first = await this.firstHeight();
    if (from < first) {
      throw new LedgerError('BCHF_STORE_PRUNED', `the changes before block ${first} are gone`);
    }
    for (let height = from; height <= to; height++) {
      const summary = await this.blockSummary(height);
      const value = await this.#database.get(key('e', height));
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

  /** All rows of the state after the tip: in the order of `TABLES`, then by id. */
  async *rows(): AsyncIterableIterator<StoredRow> {
    const newest = [...(await this.newestRows())].sort(compareRows);
    let at = 0;
    for await (const row of this.rowsBeforeTip()) {
      for (; at < newest.length && compareRows(newest[at]!, row) < 0; at++) {
        const { bytes } = newest[at]!;
        if (bytes) yield { ...newest[at]!, bytes };
      }
      if (at < newest.length && compareRows(newest[at]!, row) === 0) continue;
      yield row;
    }
    for (; at < newest.length; at++) {
      const { bytes } = newest[at]!;
      if (bytes) yield { ...newest[at]!, bytes };
    }
  }

  /** All rows of the state before the newest block, whose app hash its header has; same order. */
  async *rowsBeforeTip(): AsyncIterableIterator<StoredRow> {
    const range = { gte: Buffer.from('s'), lt: Buffer.from('t') };
    for await (const [rowKey, bytes] of this.#database.bareEntries(range)) {
      const table = TABLES[rowKey[1]!];
      if (!table || rowKey.length !== 10) throw corrupt('a row of no table');
      yield { table, id: readUint64(rowKey, 2), bytes };
    }
  }

  /** One row of the state before the newest block. */
  rowBeforeTip(table: Table, id: number): Promise<Uint8Array | undefined> {
    return this.#database.getBare(rowKeyOf(table, id));
  }

  /** The rows that the newest block has changed. Views of one buffer that nobody overwrites. */
  async newestRows(): Promise<Row[]> {
    if (!this.#newestRows) {
      const value = await this.#database.get(key('d'));
      try {
        this.#newestRows = value ? decodeRows(value) : [];
      } catch (error) {
        throw corrupt('the rows of the newest block', error);
      }
    }
    return this.#newestRows;
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  async *#backwards(
    kind: string,
    heightMax = Number.MAX_SAFE_INTEGER,
  ): AsyncIterableIterator<{ height: number; value: Uint8Array }> {
    const gte = key(kind, await this.firstHeight());
    const lte = key(kind, heightMax);
    for await (const [at, value] of this.#database.backwards({ gte, lte })) {
      yield { height: readUint64(at, 1), value };
    }
  }
}

function readUint64(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}

function key(kind: string, height?: number): Buffer {
  if (height === undefined) return Buffer.from(kind);
  const bytes = Buffer.alloc(9);
  bytes.write(kind, 0, 'latin1');
  writeUint64(bytes, height, 1);
  return bytes;
}

function rowKeyOf(table: Table, id: number): Buffer {
  const rowKey = Buffer.allocUnsafe(10);
  rowKey[0] = 's'.charCodeAt(0);
  rowKey[1] = TABLE_BYTES.get(table)!;
  writeUint64(rowKey, id, 2);
  return rowKey;
}

function rowOperation({ table, id, bytes }: Row): Operation {
  return { key: rowKeyOf(table, id), value: bytes };
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
