// What a client's certificate calls it (3GPP TS 33.310 clause 6.1.3c): its NF instance id as
// `urn:uuid:…` and its FQDN among the alternative names; its common name as older certificates have it.

import type { PeerCertificate } from 'node:tls';

/** Without the `urn:uuid:`; empty where there is no certificate. */
export function certificateNames({
  subject,
  subjectaltname = '',
}: Partial<PeerCertificate>): string[] {
  const names: string[] = [];
  // Node quotes a name that could be taken for several; none that is meant here needs it.
  for (const name of subjectaltname.includes('"') ? [] : subjectaltname.split(', ')) {
    if (name.startsWith('URI:urn:uuid:')) names.push(name.slice('URI:urn:uuid:'.length));
    if (name.startsWith('DNS:')) names.push(name.slice('DNS:'.length));
  }
  const common: unknown = subject?.CN;
  // Alternative names, where there are any, are what was checked (RFC 6125 section 6.4.4).
  if (names.length === 0 && typeof common === 'string') names.push(common);
  return names;
}
