import { ReferenceIndex } from '../reference-index.ts';
import { indexSuite } from './index-suite.ts';
import { ListIndex } from './list-index.ts';

indexSuite({
  name: 'reference',
  create: () => new ReferenceIndex(),
  createOracle: () => new ListIndex(),
  // The list takes its time.
  changesMax: 80,
});
