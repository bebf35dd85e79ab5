// What one client, and all of them together, may take of a listener's memory and time. Everything has
// a limit; what happens at each is in h2-server.

export interface H2Limits {
  /** Connections of one listener; more are closed at once. */
  connectionsMax: number;
  /** Streams open at a time on one connection; more are refused (RFC 9113 section 5.1.2). */
  streamsPerConnectionMax: number;
  /** Streams that end with a fault or a reset on one connection in a second; a burst of twice as many may come. */
  resetsPerSecondMax: number;
  /**
   * What a client sends on one connection in a second besides header fields and bodies: pings, settings,
   * window updates, padding, frames that nobody knows, and what is still under way of a body that was
   * refused; a burst of twice as much may come.
   */
  overheadBytesPerSecondMax: number;
  /** Names and values of a request's header fields, 32 more for each (RFC 9113 section 6.5.2). */
  headerBytesMax: number;
  /** One request's body. */
  bodyBytesMax: number;
  /** Bodies that are being received, over all connections. */
  bodiesBytesMax: number;
  /** From connecting, and for TLS shaking hands, to the client's SETTINGS frame. */
  greetingMsMax: number;
  /** Without any request that was answered. Pings do not count. */
  idleMsMax: number;
  /** From the header fields of a request to the end of its body. */
  requestMsMax: number;
  /** From an answer to when the client has taken it. */
  answerMsMax: number;
}

/**
 * Reads limits as `name=number` with commas between them. Throws a RangeError with what is no limit: another
 * name, connections, which have an option of their own, or no whole number from 1 to 2³¹ − 1.
 */
export function parseH2Limits(text: string): Partial<H2Limits> {
  const limits: Partial<H2Limits> = {};
  for (const part of text === '' ? [] : text.split(',')) {
    const [name, value] = part.split('=', 2) as [string, string | undefined];
    const isName = Object.hasOwn(H2_LIMITS, name) && name !== 'connectionsMax';
    const isNumber = value !== undefined && /^[1-9][0-9]{0,9}$/.test(value);
    if (!isName || !isNumber || Number(value) >= 2 ** 31) throw new RangeError(part);
    limits[name as keyof H2Limits] = Number(value);
  }
  return limits;
}

export const H2_LIMITS: H2Limits = {
  connectionsMax: 1024,
  streamsPerConnectionMax: 128,
  resetsPerSecondMax: 200,
  overheadBytesPerSecondMax: 256 * 1024,
  headerBytesMax: 16 * 1024,
  bodyBytesMax: 256 * 1024,
  bodiesBytesMax: 32 * 1024 * 1024,
  greetingMsMax: 5000,
  idleMsMax: 300_000,
  requestMsMax: 10_000,
  answerMsMax: 10_000,
};
