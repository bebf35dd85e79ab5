// PLMNs in the forms that elements write: objects, domain names, identifiers.

import type { Plmn } from '../../ledger/route.ts';

export function isPlmn(value: unknown): value is Plmn {
  const { mcc, mnc } = (value ?? {}) as Partial<Record<string, unknown>>;
  return (
    typeof mcc === 'string' &&
    typeof mnc === 'string' &&
    /^[0-9]{3}$/.test(mcc) &&
    /^[0-9]{2,3}$/.test(mnc)
  );
}

/** `244-05`, as `3gpp-Sbi-Originating-Network-Id` has it (3GPP TS 29.500 clause 5.2.3.2). */
export function plmnText({ mcc, mnc }: Plmn): string {
  return `${mcc}-${mnc}`;
}

export function parsePlmn(text: string | undefined): Plmn | undefined {
  const match = /^([0-9]{3})-([0-9]{2,3})$/.exec(text ?? '');
  return match ? { mcc: match[1]!, mnc: match[2]! } : undefined;
}

/** `mnc005.mcc244.3gppnetwork.org`: the end of every name in a PLMN (3GPP TS 23.003 clause 13, 19, 28). */
export function plmnDomain({ mcc, mnc }: Plmn): string {
  return `mnc${mnc.padStart(3, '0')}.mcc${mcc}.3gppnetwork.org`;
}

/** The PLMN that a name lies in. An MNC of 2 digits is filled with a zero in names: see `isSamePlmn`. */
export function plmnOfDomain(name: string): Plmn | undefined {
  const match = /(?:^|\.)mnc([0-9]{3})\.mcc([0-9]{3})\.3gppnetwork\.org$/.exec(name);
  return match ? { mcc: match[2]!, mnc: match[1]! } : undefined;
}

/** Whether two are one network; `05` and `005` are, because names do not tell them apart. */
export function isSamePlmn(one: Plmn, other: Plmn): boolean {
  return one.mcc === other.mcc && one.mnc.padStart(3, '0') === other.mnc.padStart(3, '0');
}
