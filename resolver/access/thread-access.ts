// Access in one serving thread: its gate, its checks of credentials and its part of the audit log,
// brought together from what the thread was started with.

import { createSecretKey, randomUUID } from 'node:crypto';
// The global of that name is a getter, which costs as much as the clock.
import { hrtime } from 'node:process';
import { newRequestId } from '../http/request-id.ts';
import type { ReadCounts } from '../metrics/shared-counters.ts';
import type { NumberResolver } from '../resolve.ts';
import { ReplayWindow } from '../udp/replay-window.ts';
import { AccessGate, type ActiveRules } from './access-gate.ts';
import type { AccessEvent, AccessRequest, AccessStart, PublishedRules } from './access-messages.ts';
import { readRules } from './access-rules.ts';
import { AUDIT_INTERVAL_MS, AuditBuffer } from './audit-buffer.ts';
import { CredentialChecks } from './credential-checks.ts';
import { QuotaTable } from './quota-table.ts';

export interface ThreadAccess {
  gate: AccessGate;
  counters: ReadCounts;
  onRequest(request: AccessRequest): void;
  /** Hands the rest of the audit log over. */
  close(): void;
}

/** @param onChecked called with the milliseconds that the check of a credential took */
export function openThreadAccess(
  start: AccessStart,
  onChecked: (milliseconds: number) => void,
  post: (event: AccessEvent) => void,
  resolver: Pick<NumberResolver, 'find'>,
): ThreadAccess {
  const { used, countMax, windowMs, secret, hasKeys } = start.credentials;
  const checks = new CredentialChecks({
    send: (batch, credentials) => post({ type: 'credentials-wanted', batch, credentials }),
    used: new ReplayWindow(windowMs, countMax, used),
    secret,
    hasKeys,
    now: Date.now,
    onChecked: (tookUs) => onChecked(tookUs / 1000),
  });
  const audit = start.audit && openAudit(start.audit, post);
  const flushing = audit && setInterval(() => audit.flush(), AUDIT_INTERVAL_MS);
  const counters: Record<string, number> = {};
  const gate = new AccessGate({
    active: start.rules && activeRules(start.rules),
    checks,
    windowMs,
    resolver,
    audit,
    counters,
    now: Date.now,
    nowUs() {
      // In half the time of hrtime.bigint.
      const [seconds, nanoseconds] = hrtime();
      return seconds * 1_000_000 + Math.floor(nanoseconds / 1000);
    },
    newRequestId,
  });
  return {
    gate,
    counters() {
      if (audit) {
        counters.auditedDecisions = audit.takenCount;
        counters.unauditedDecisions = audit.lostCount;
      }
      return counters;
    },
    onRequest(request) {
      switch (request.type) {
        case 'rules':
          gate.apply(activeRules(request.rules));
          break;
        case 'credentials-checked':
          checks.answered(request.batch, request.verdicts);
          break;
        case 'audit-taken':
          audit?.taken(request.lostCount);
          break;
      }
    },
    close() {
      clearInterval(flushing);
      audit?.flushAll();
    },
  };
}

/** The main thread has read the same content before it was sent here. */
function activeRules({ content, quotas }: PublishedRules): ActiveRules {
  const rules = readRules(content);
  return { rules, quotas: new QuotaTable(rules.buckets, quotas) };
}

function openAudit(
  { style, key }: NonNullable<AccessStart['audit']>,
  post: (event: AccessEvent) => void,
): AuditBuffer {
  const numbers = style === 'masked' ? { style } : { style, key: createSecretKey(key) };
  return new AuditBuffer(numbers, randomUUID(), (lot) => post({ type: 'audit', ...lot }));
}
