// What a minimal NRF knows: NF instances and subscriptions, as plain state. It decides and keeps;
// clocks, sockets and identifiers come from outside.
//
// An instance that has sent heartbeats and stops is dropped. One that never sent any stays: free5GC's
// AMF registers and is not heard of again until it deregisters.

import type { NotificationEvent, RegisteredProfile, Subscription } from './nrf-schemas.ts';

export interface RegistryLimits {
  instancesMax: number;
  subscriptionsMax: number;
  /**
   * One profile, as JSON: patches may add to it again and again, and each heartbeat costs the time to copy and
   * to check all of it.
   */
  profileBytesMax: number;
  /** All profiles together, as JSON. */
  allProfilesBytesMax: number;
  /** All subscriptions together, as JSON. */
  allSubscriptionsBytesMax: number;
}

export const REGISTRY_LIMITS: RegistryLimits = {
  instancesMax: 4096,
  subscriptionsMax: 4096,
  profileBytesMax: 64 * 1024,
  allProfilesBytesMax: 32 * 1024 * 1024,
  allSubscriptionsBytesMax: 8 * 1024 * 1024,
};

/** Heartbeats come each so many seconds; an instance may miss two before it is dropped. */
export const HEARTBEAT_SECONDS = 10;
const HEARTBEATS_MISSED_MAX = 3;
/** How long a subscription holds at most. */
const SUBSCRIPTION_MS_MAX = 24 * 3600 * 1000;

interface Instance {
  profile: RegisteredProfile;
  bytes: number;
  /** `undefined` until the first. */
  lastHeartbeatMs: number | undefined;
}

export interface HeldSubscription {
  id: string;
  data: Subscription;
  bytes: number;
  /** `http://host:port` under which the subscriber knows this NRF. */
  apiRoot: string;
  validUntilMs: number;
}

/** A change that subscribers hear of. */
export interface NfEvent {
  event: NotificationEvent;
  profile: RegisteredProfile;
}

export interface Notification {
  uri: string;
  /** NotificationData of TS 29.510 clause 6.1.6.2.17. */
  data: {
    event: NotificationEvent;
    nfInstanceUri: string;
    nfProfile?: RegisteredProfile;
  };
}

export class NfRegistry {
  readonly #limits: RegistryLimits;
  readonly #instances = new Map<string, Instance>();
  readonly #subscriptions = new Map<string, HeldSubscription>();
  #profileBytes = 0;
  #subscriptionBytes = 0;

  constructor(limits: RegistryLimits = REGISTRY_LIMITS) {
    this.#limits = limits;
  }

  get instanceCount(): number {
    return this.#instances.size;
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  profile(id: string): RegisteredProfile | undefined {
    return this.#instances.get(id)?.profile;
  }

  profiles(): RegisteredProfile[] {
    return [...this.#instances.values()].map(({ profile }) => profile);
  }

  /** Takes a profile, new or in place of another; `undefined` where there is no room. */
  put(profile: RegisteredProfile): NfEvent | undefined {
    const { nfInstanceId: id } = profile;
    const before = this.#instances.get(id);
    const bytes = JSON.stringify(profile).length;
    const bytesAfter = this.#profileBytes - (before?.bytes ?? 0) + bytes;
    const hasRoom = before !== undefined || this.#instances.size < this.#limits.instancesMax;
    if (!hasRoom || bytes > this.#limits.profileBytesMax) return undefined;
    if (bytesAfter > this.#limits.allProfilesBytesMax) return undefined;
    this.#profileBytes = bytesAfter;
    this.#instances.set(id, { profile, bytes, lastHeartbeatMs: before?.lastHeartbeatMs });
    return { event: before ? 'NF_PROFILE_CHANGED' : 'NF_REGISTERED', profile };
  }

  /** The instance is alive. */
  heartbeat(id: string, nowMs: number): void {
    const instance = this.#instances.get(id);
    if (instance) instance.lastHeartbeatMs = nowMs;
  }

  remove(id: string): NfEvent | undefined {
    const instance = this.#instances.get(id);
    if (!instance) return undefined;
    this.#instances.delete(id);
    this.#profileBytes -= instance.bytes;
    return { event: 'NF_DEREGISTERED', profile: instance.profile };
  }

  /** Takes a subscription under an id; `undefined` where there is no room. */
  subscribe(
    id: string,
    data: Subscription,
    apiRoot: string,
    nowMs: number,
  ): HeldSubscription | undefined {
    const { subscriptionsMax, allSubscriptionsBytesMax } = this.#limits;
    const bytes = JSON.stringify(data).length;
    if (this.#subscriptions.size >= subscriptionsMax) return undefined;
    if (this.#subscriptionBytes + bytes > allSubscriptionsBytesMax) return undefined;
    const held = { id, data, bytes, apiRoot, validUntilMs: validUntil(data.validityTime, nowMs) };
    this.#subscriptions.set(id, held);
    this.#subscriptionBytes += bytes;
    return held;
  }

  /** Lets a subscription hold on; `undefined` where there is none. */
  prolong(id: string, validityTime: string, nowMs: number): HeldSubscription | undefined {
    const held = this.#subscriptions.get(id);
    if (held) held.validUntilMs = validUntil(validityTime, nowMs);
    return held;
  }

  unsubscribe(id: string): boolean {
    this.#subscriptionBytes -= this.#subscriptions.get(id)?.bytes ?? 0;
    return this.#subscriptions.delete(id);
  }

  /** Drops what is over its time, and tells which instances that were. */
  sweep(nowMs: number): NfEvent[] {
    for (const [id, { validUntilMs }] of this.#subscriptions) {
      if (validUntilMs <= nowMs) this.unsubscribe(id);
    }
    const gone: NfEvent[] = [];
    for (const [id, { profile, lastHeartbeatMs }] of this.#instances) {
      const periodMs = (profile.heartBeatTimer ?? HEARTBEAT_SECONDS) * 1000;
      if (lastHeartbeatMs === undefined) continue;
      if (nowMs - lastHeartbeatMs <= HEARTBEATS_MISSED_MAX * periodMs) continue;
      const event = this.remove(id);
      if (event) gone.push(event);
    }
    return gone;
  }

  /** Who hears of a change, and what. Nobody is told of itself. */
  notificationsOf({ event, profile }: NfEvent): Notification[] {
    const notifications: Notification[] = [];
    for (const { data, apiRoot } of this.#subscriptions.values()) {
      if (data.reqNotifEvents && !data.reqNotifEvents.includes(event)) continue;
      if (data.reqNfInstanceId === profile.nfInstanceId || !isWatched(profile, data)) continue;
      notifications.push({
        uri: data.nfStatusNotificationUri,
        data: {
          event,
          nfInstanceUri: `${apiRoot}/nnrf-nfm/v1/nf-instances/${profile.nfInstanceId}`,
          ...(event !== 'NF_DEREGISTERED' && { nfProfile: withoutPermissions(profile) }),
        },
      });
    }
    return notifications;
  }
}

function validUntil(validityTime: string | undefined, nowMs: number): number {
  const latest = nowMs + SUBSCRIPTION_MS_MAX;
  return validityTime === undefined ? latest : Math.min(Date.parse(validityTime), latest);
}

function isWatched(profile: RegisteredProfile, { subscrCond: condition }: Subscription): boolean {
  if (!condition) return true;
  if ('nfInstanceId' in condition) return condition.nfInstanceId === profile.nfInstanceId;
  if ('nfInstanceIdList' in condition) {
    return (condition.nfInstanceIdList as string[]).includes(profile.nfInstanceId);
  }
  if ('nfType' in condition) return condition.nfType === profile.nfType;
  const names = servicesOf(profile).map(({ serviceName }) => serviceName);
  if ('serviceName' in condition) return names.includes(condition.serviceName as string);
  return (condition.serviceNameList as string[]).some((name) => names.includes(name));
}

/** All services of a profile, whichever of the two forms it came in. */
export function servicesOf({ nfServices, nfServiceList }: RegisteredProfile) {
  const all = [...(nfServices ?? []), ...Object.values(nfServiceList ?? {})];
  // Who registers in both forms means the same services.
  return [...new Map(all.map((service) => [service.serviceInstanceId, service])).values()];
}

/** Who may discover an instance is told to nobody (NotificationData of TS 29.510). */
export function withoutPermissions(profile: RegisteredProfile): RegisteredProfile {
  const { allowedPlmns, allowedSnpns, allowedNfTypes, allowedNfDomains, allowedNssais, ...rest } =
    profile;
  return rest as RegisteredProfile;
}
