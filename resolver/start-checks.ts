// What can be wrong with how a server is started and is told before anything is loaded: a large ledger or
// snapshot takes minutes.

import { readAccessRules } from './access/access-host.ts';
import { readAdminAccess } from './admin/admin-access.ts';
import type { ServingConfig } from './config.ts';
import { EnumConfiguration } from './enum/enum-configuration.ts';
import type { Log } from './log.ts';
import { probePorts } from './probe-ports.ts';
import { loadSbi } from './sbi/sbi-settings.ts';
import { udpSettingsOf } from './udp/udp-settings.ts';

/**
 * Looks whether the admin port is protected, the files of settings fit and every port can be had; keeps
 * nothing open. Errors: BCHF_CONFIG_INVALID for a file, and those of {@link readAdminAccess} and
 * {@link probePorts}.
 */
export async function checkBeforeLoading(config: ServingConfig, log: Log): Promise<void> {
  readAdminAccess(config);
  udpSettingsOf(config);
  await EnumConfiguration.open(config, log, Date.now);
  await loadSbi(config);
  await readAccessRules(config);
  await probePorts(config);
}
