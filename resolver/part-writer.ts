// Text as bytes, put together from parts in one place that is used again and again: it leaves no garbage,
// where a joined text would have to be made first and written into a buffer afterwards.

/** What does not fit is not written, but counted: whoever finds {@link hasRoom} false throws all away. */
export class PartWriter {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the next part goes, and how many bytes all of them take. */
  at = 0;

  constructor(bytesMax: number) {
    this.bytes = new Uint8Array(bytesMax);
  }

  /** Whether all that was put in has fitted. */
  get hasRoom(): boolean {
    return this.at <= this.bytes.length;
  }

  part(part: Uint8Array): void {
    if (this.at + part.length <= this.bytes.length) this.bytes.set(part, this.at);
    this.at += part.length;
  }

  /** Of ASCII characters: one that is none is written as its lowest eight bits. */
  text(ascii: string): void {
    const { bytes } = this;
    let at = this.at;
    for (let from = 0; from < ascii.length; from++) bytes[at++] = ascii.charCodeAt(from);
    this.at = at;
  }
}
