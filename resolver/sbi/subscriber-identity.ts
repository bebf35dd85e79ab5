// Subscriber identities as the service-based interfaces write them.
//
// The patterns of 3GPP TS 29.571 clause 5.3.2 end in `|.+` and so accept everything: the prefixes
// that have a meaning are checked here. Only IMSI and MSISDN are numbers of the index; the other
// known forms are well-formed but say nothing to it.

import { parseDigits, type UeId } from '../../ledger/number.ts';

/** A parameter names a number, or something well-formed that no index has, or is malformed. */
export type IdentityVerdict = { ueId: UeId } | 'foreign' | 'malformed';

const DIGITS_MIN = 5;

/** `imsi-…`; `nai-…`, `gci-…` and `gli-…` are foreign (TS 29.571 table 5.3.2-1, Supi). */
export function parseSupi(text: string): IdentityVerdict {
  if (text.startsWith('imsi-')) return number('imsi', text.slice(5));
  return /^(nai|gci|gli)-./.test(text) ? 'foreign' : 'malformed';
}

/** `msisdn-…`; `extid-…@…` is foreign (TS 29.571 table 5.3.2-1, Gpsi). */
export function parseGpsi(text: string): IdentityVerdict {
  if (text.startsWith('msisdn-')) return number('msisdn', text.slice(7));
  return /^extid-[^@]+@[^@]+$/.test(text) ? 'foreign' : 'malformed';
}

/** Bare digits, as the parameters `imsi` and `msisdn` of Nnrf_NFDiscovery have them. */
export function parseBareNumber(identity: UeId['identity'], text: string): IdentityVerdict {
  return number(identity, text);
}

/**
 * What Nudr_GroupIDmap calls a subscriber (TS 29.504, SubscriberId): a SUPI, a GPSI, `impi-…`,
 * `impu-…` or `rid-…`.
 */
export function parseSubscriberId(text: string): IdentityVerdict {
  if (text.startsWith('imsi-')) return parseSupi(text);
  if (text.startsWith('msisdn-')) return parseGpsi(text);
  if (/^((nai|impi|impu)-.|rid-[0-9]{1,4}$)/.test(text)) return 'foreign';
  return parseGpsi(text);
}

function number(identity: UeId['identity'], digits: string): IdentityVerdict {
  const key = digits.length < DIGITS_MIN ? undefined : parseDigits(digits);
  return key === undefined ? 'malformed' : { ueId: { identity, key } };
}
