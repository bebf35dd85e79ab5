import { ReferenceIndex } from '../reference-index.ts';
import { indexSuite } from './index-suite.ts';

indexSuite({
  name: 'reference',
  create: () => new ReferenceIndex(),
  keepsPortedUserData: true,
});
