// What can be wrong with how a server is started and is told before anything is loaded: a large ledger or
// snapshot takes minutes.

import { readAdminAccess } from './admin/admin-access.ts';
import type { ServingConfig } from './config.ts';
import { probePorts } from './probe-ports.ts';

/**
 * Looks whether the admin port is protected and whether every port can be had; opens nothing that stays
 * open. Errors: those of {@link readAdminAccess} and {@link probePorts}.
 */
export async function checkBeforeLoading(config: ServingConfig): Promise<void> {
  readAdminAccess(config);
  await probePorts(config);
}
