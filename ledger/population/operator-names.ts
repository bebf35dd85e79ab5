// When two names in the numbering data mean the same operator, which names mean none, and what a
// name looks like in an identifier.

/** Legal forms and their like, which one list writes and the other leaves out. */
const LEGAL_FORMS = new Set(
  (
    'ab ad ag aps as asa bhd bv co company corp corporation doo ead eood gmbh holding holdings inc ' +
    'incorporated international jsc kft kg lda limited llc llp ltd ltda nv oao oo ooo oy oyj plc ' +
    'pjsc private pt pte pty pvt sa sac sae sal saoc sapi sarl sas sdn sia spa spzoo sro srl tbk uab'
  ).split(' '),
);

/** Words without accents, in lower case; dots join ("S.A." is "sa"), all else divides. */
function wordsOf(name: string): string[] {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[.'’]/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/**
 * The form of a name in which equal means the same operator within one country: without legal forms,
 * the country's name, accents and punctuation. Empty only for names without letters and digits.
 */
export function comparableName(name: string, countryName: string | null): string {
  const words = wordsOf(name);
  const country = new Set(wordsOf(countryName ?? ''));
  const telling = words.filter((word) => !LEGAL_FORMS.has(word) && !country.has(word));
  return (telling.length > 0 ? telling : words).join('');
}

/** A name in lower-case letters a to z, digits and single hyphens, at most `lengthMax` long. */
export function slugOf(name: string, lengthMax: number): string {
  const ascii = wordsOf(name)
    .join('-')
    .replace(/[^a-z0-9-]/g, '');
  return ascii.replace(/-+/g, '-').slice(0, lengthMax).replace(/^-|-$/g, '');
}

/** A brand with more operator names than this in one country may be listed region by region. */
const BRAND_OPERATORS_MAX = 4;

/**
 * The operator names that are names of regions: India's networks are listed under the licensed
 * circles, "Punjab" for one network of each brand there. A name is a region's if two brands have it
 * that each have more than four.
 *
 * @param named Comparable names of one country's networks.
 */
export function regionNames(named: Iterable<{ brand: string; operator: string }>): Set<string> {
  const operatorsOfBrand = new Map<string, Set<string>>();
  for (const { brand, operator } of named) {
    const operators = operatorsOfBrand.get(brand) ?? new Set();
    operatorsOfBrand.set(brand, operators.add(operator));
  }
  const brandCount = new Map<string, number>();
  for (const operators of operatorsOfBrand.values()) {
    if (operators.size <= BRAND_OPERATORS_MAX) continue;
    for (const name of operators) brandCount.set(name, (brandCount.get(name) ?? 0) + 1);
  }
  return new Set([...brandCount.keys()].filter((name) => brandCount.get(name)! > 1));
}
