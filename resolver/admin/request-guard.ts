// Who may not use the admin port, although a request reaches it: pages of others, in a browser on the
// operator's machine. A browser would send them here as well (the port listens on loopback), so each
// request is looked at for what browsers say about where it comes from.
//
// - A page under a name that its owner lets point to this machine (DNS rebinding) has that name in
//   `Host`. Without a token, only addresses, localhost and the name that is listened on are taken.
// - A page of another origin has that in `Origin` and `Sec-Fetch-Site` (Fetch Metadata); whatever
//   changes something is refused then.
// Programs such as curl send neither, and are taken.

import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** Why a request is refused; `undefined` where it is not. */
export function refusalOf(
  method: string,
  headers: IncomingHttpHeaders,
  { adminHost, hasToken }: { adminHost: string; hasToken: boolean },
): string | undefined {
  const host = headers.host ?? '';
  if (!hasToken && !isOwnHost(host, adminHost)) {
    return 'This port answers to addresses and localhost only, unless a token is asked for.';
  }
  if (method === 'GET' || method === 'HEAD') return undefined;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return 'A page of another origin may not change anything here.';
  }
  const { origin } = headers;
  if (origin !== undefined && !isOriginOf(origin, host)) {
    return 'A page of another origin may not change anything here.';
  }
  return undefined;
}

function isOwnHost(host: string, adminHost: string): boolean {
  // HTTP/1.0 clients may send none.
  if (host === '') return true;
  const name = host.replace(/:[0-9]{1,5}$/, '').toLowerCase();
  return (
    name === 'localhost' ||
    name === adminHost.toLowerCase() ||
    isIP(name.replace(/^\[|\]$/g, '')) !== 0
  );
}

function isOriginOf(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}
