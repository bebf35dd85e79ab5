// Decisions of one serving thread on their way to the audit log. They are kept as they are, and made
// into lines a few times a second, away from the requests. One lot of lines is under way at a time; what
// comes while it is not taken waits up to a limit, and is lost and counted beyond that: the log may
// never slow an answer down.

import { type AuditedDecision, type AuditNumbers, formatAuditLine } from './audit-line-codec.ts';

export const AUDIT_INTERVAL_MS = 100;
export const WAITING_DECISIONS_MAX = 8192;
/** Decisions of one lot: a few milliseconds of formatting. */
const LOT_DECISIONS_MAX = 1024;

export class AuditBuffer {
  readonly #numbers: AuditNumbers;
  readonly #send: (lines: string, lineCount: number) => void;
  #waiting: AuditedDecision[] = [];
  #isUnderWay = false;
  takenCount = 0;
  lostCount = 0;

  constructor(numbers: AuditNumbers, send: (lines: string, lineCount: number) => void) {
    this.#numbers = numbers;
    this.#send = send;
  }

  note(decision: AuditedDecision): void {
    if (this.#waiting.length >= WAITING_DECISIONS_MAX) this.lostCount++;
    else this.#waiting.push(decision);
  }

  /** Sends a lot, unless one is under way. */
  flush(): void {
    if (!this.#isUnderWay) this.#sendLot(LOT_DECISIONS_MAX);
  }

  /** Sends all that there is, for a thread that ends. */
  flushAll(): void {
    this.#sendLot(WAITING_DECISIONS_MAX);
  }

  /** The lot under way was taken, but for so many lines that are lost. */
  taken(lostCount: number): void {
    this.#isUnderWay = false;
    this.lostCount += lostCount;
  }

  #sendLot(countMax: number): void {
    const lot = this.#waiting.slice(0, countMax);
    if (lot.length === 0) return;
    this.#waiting = this.#waiting.slice(countMax);
    this.#isUnderWay = true;
    this.takenCount += lot.length;
    const lines = lot.map((decision) => `${formatAuditLine(decision, this.#numbers)}\n`);
    this.#send(lines.join(''), lot.length);
  }
}
