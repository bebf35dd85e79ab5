// Colours of members. Pure, so that tests need no page.

/** A member's colour follows from its name, so it is the same in every picture. */
export function colourOf(member: string): string {
  let hash = 2166136261;
  for (let at = 0; at < member.length; at++) {
    hash = Math.imul(hash ^ member.charCodeAt(at), 16777619);
  }
  // The low bits of this hash (FNV-1a) mix well; two steps of lightness tell neighbours apart.
  const hue = ((hash >>> 0) % 1024) * (360 / 1024);
  const shade = (hash >>> 12) & 1 ? '--cell-light' : '--cell-light-2';
  return `oklch(var(${shade}) var(--cell-chroma) ${hue.toFixed(1)})`;
}

/** The colours of all owners of some cells. */
export function coloursOf(
  cells: readonly { owners: readonly { member: string }[] }[],
): Map<string, string> {
  return new Map(
    cells.flatMap(({ owners }) => owners.map(({ member }) => [member, colourOf(member)] as const)),
  );
}

/** 0 to 1: how strongly an amount shows beside the largest; small ones still do. */
export function strength(amount: number, largest: number): number {
  if (amount <= 0 || largest <= 0) return 0;
  return Math.max(0.04, Math.sqrt(amount / largest));
}
