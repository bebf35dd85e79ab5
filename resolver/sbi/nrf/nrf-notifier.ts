// Sends NFStatusNotify to subscribers (3GPP TS 29.510 clause 5.2.2.6): each once, in order for each
// origin, with a bound on what waits. A subscriber that cannot be reached misses the event; it holds a
// subscription with an end, and what it discovers is current.

import { H2Client } from '../h2-client.ts';
import type { Notification } from './nf-registry.ts';

const ORIGINS_MAX = 256;
const WAITING_PER_ORIGIN_MAX = 1024;
const TIMEOUT_MS = 2000;

interface Origin {
  client: H2Client;
  waiting: Notification[];
  isSending: boolean;
}

export interface NrfNotifier {
  notify(notification: Notification): void;
  counts(): { sentNotifications: number; lostNotifications: number };
  close(): void;
}

export function createNrfNotifier(): NrfNotifier {
  const origins = new Map<string, Origin>();
  let sentNotifications = 0;
  let lostNotifications = 0;

  function originOf(uri: string): Origin | undefined {
    const { origin: name } = new URL(uri);
    let origin = origins.get(name);
    if (!origin && origins.size >= ORIGINS_MAX) return undefined;
    if (!origin) {
      origin = { client: new H2Client(name), waiting: [], isSending: false };
      origins.set(name, origin);
    }
    return origin;
  }

  async function send(name: string, origin: Origin): Promise<void> {
    origin.isSending = true;
    for (let next = origin.waiting.shift(); next; next = origin.waiting.shift()) {
      const { pathname, search } = new URL(next.uri);
      const response = await origin.client.request(
        {
          method: 'POST',
          path: pathname + search,
          headers: {
            'content-type': 'application/json',
            '3gpp-sbi-callback': 'Nnrf_NFManagement_NFStatusNotify',
          },
          body: Buffer.from(JSON.stringify(next.data)),
        },
        TIMEOUT_MS,
      );
      const isTaken =
        typeof response !== 'string' && response.status >= 200 && response.status < 300;
      if (isTaken) sentNotifications++;
      else lostNotifications++;
    }
    origin.client.close();
    origins.delete(name);
  }

  return {
    notify(notification) {
      const origin = originOf(notification.uri);
      if (!origin || origin.waiting.length >= WAITING_PER_ORIGIN_MAX) {
        lostNotifications++;
        return;
      }
      origin.waiting.push(notification);
      if (!origin.isSending) send(new URL(notification.uri).origin, origin);
    },
    counts: () => ({ sentNotifications, lostNotifications }),
    close() {
      for (const { client, waiting } of origins.values()) {
        waiting.length = 0;
        client.close();
      }
    },
  };
}
