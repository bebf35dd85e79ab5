// JSON bodies from the network: valid UTF-8, not nested without end, without names that reach into
// JavaScript's own objects.

/** Deeper than any type of the service-based interfaces, shallower than any stack. */
const DEPTH_MAX = 32;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The value, or `undefined` where the bytes are no JSON that is taken here. */
export function parseJsonBody(bytes: Uint8Array): unknown {
  if (!isShallow(bytes)) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return JSON.parse(text, (name, value) => {
      if (name === '__proto__') throw new SyntaxError('a name that is not taken');
      return value;
    });
  } catch {
    return undefined;
  }
}

/** Whether brackets outside of strings never nest deeper than {@link DEPTH_MAX}. */
function isShallow(bytes: Uint8Array): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (isInString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isInString = false;
    } else if (byte === QUOTE) {
      isInString = true;
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > DEPTH_MAX) return false;
    } else if (byte === 0x5d || byte === 0x7d) {
      depth--;
    }
  }
  return true;
}
