import { it } from 'node:test';
import { killImport } from './import-kills.ts';

it('an import that is killed fifty times keeps whole blocks and goes on to the same end', () =>
  killImport(50));
