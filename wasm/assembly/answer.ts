// Answers, the 32 bits that a lookup gives; drawn in number-index.ts. "Not found" is 0.

/** The answer of an entry of this kind that matched so many digits. */
export function answerOf(kind: u32, length: u32, route: u32): u32 {
  return (kind << 30) | (length << 26) | route;
}
