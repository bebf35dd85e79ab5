// Decisions of one serving thread on their way to the audit log: lines that go to the main thread in lots, a
// few times a second, or as soon as a lot is full. One lot is under way at a time; what comes while it is not
// taken waits up to a limit, and is lost and counted beyond that: the log may never hold an answer up.

import { type AuditedDecision, AuditLineWriter, type AuditNumbers } from './audit-line-codec.ts';

export const AUDIT_INTERVAL_MS = 100;
export const WAITING_DECISIONS_MAX = 8192;
/** Some 800 lines: with a quarter of it, to hand the lots over costs a lookup 2 us more. */
export const LOT_BYTES_MAX = 256 * 1024;

export interface AuditLot {
  lines: Uint8Array<ArrayBuffer>;
  lineCount: number;
}

export class AuditBuffer {
  readonly #writer: AuditLineWriter;
  readonly #send: (lot: AuditLot) => void;
  /** Full ones that wait, the oldest first, and how many lines they have. */
  #full: AuditLot[] = [];
  #fullLineCount = 0;
  #isUnderWay = false;
  takenCount = 0;
  lostCount = 0;

  /** @param uuid one that no other buffer has */
  constructor(numbers: AuditNumbers, uuid: string, send: (lot: AuditLot) => void) {
    this.#writer = new AuditLineWriter(numbers, LOT_BYTES_MAX, uuid);
    this.#send = send;
  }

  note(decision: AuditedDecision): void {
    if (this.#fullLineCount + this.#writer.lineCount >= WAITING_DECISIONS_MAX) {
      this.lostCount++;
      return;
    }
    if (this.#writer.add(decision)) return;
    this.#keepLot();
    // What is longer than a lot is lost.
    if (!this.#writer.add(decision)) this.lostCount++;
    this.#sendFull();
  }

  /** Sends what there is, unless a lot is under way. */
  flush(): void {
    if (this.#isUnderWay) return;
    if (this.#full.length === 0) this.#keepLot();
    this.#sendFull();
  }

  /** Sends all that there is, for a thread that ends. */
  flushAll(): void {
    this.#keepLot();
    const lots = this.#full;
    const lineCount = this.#fullLineCount;
    this.#full = [];
    this.#fullLineCount = 0;
    if (lineCount > 0) {
      this.#post({
        lines: new Uint8Array(Buffer.concat(lots.map(({ lines }) => lines))),
        lineCount,
      });
    }
  }

  /** The lot under way was taken, but for so many lines that are lost. */
  taken(lostCount: number): void {
    this.#isUnderWay = false;
    this.lostCount += lostCount;
    this.#sendFull();
  }

  /** What was written so far is a lot. */
  #keepLot(): void {
    const { lineCount } = this.#writer;
    if (lineCount === 0) return;
    this.#full.push({ lines: this.#writer.take(), lineCount });
    this.#fullLineCount += lineCount;
  }

  #sendFull(): void {
    if (this.#isUnderWay) return;
    const lot = this.#full.shift();
    if (!lot) return;
    this.#fullLineCount -= lot.lineCount;
    this.#post(lot);
  }

  #post(lot: AuditLot): void {
    this.#isUnderWay = true;
    this.takenCount += lot.lineCount;
    this.#send(lot);
  }
}
