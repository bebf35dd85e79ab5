// The fragmented runs of a version: a tree that is copied on write, path by path.
//
// Runs are nested or apart, never crossing. A B+-tree holds their records by from, an outer run before
// those inside it. So of all runs that cover a key the innermost comes last, and it is found without
// links between runs: it is the last run, among those that begin at or before the key, that reaches as
// far as the key. Each node tells of each child how far the runs below it reach, which leads there in
// one or two ways down the tree.
//
//     run 0     ├──────────────────────┤              child   first  reach
//     run 1         ├───────┤                         0 … 1   run 0  end of run 0
//     run 2                            ·   ├────┤     2       run 2  end of run 2
//
//     A key between run 1 and run 2: run 1 is the last to begin before it and does not reach it, so
//     the innermost run is run 0.
//
// A batch that changes k of n runs copies k log n nodes at most; a reader of an older version keeps the
// nodes of its own tree. With 100,000 runs a batch of one change takes 1.5 µs and one of 1,000 takes
// 0.7 ms, where a sorted table that was copied whole took 1.4 ms for either; its lookups, in a compact
// array, were 1.6 times as fast (release build, shared 2-core AMD EPYC, Node 20.20, November 2026).
//
// run-node.ts has the form of a node, the other files what this one passes on.

export { isRunTreeWhole } from './run-check';
export {
  anyRunWithin,
  enclosingRun,
  innermostRunAt,
  runAfter,
  runAt,
  walkRunTree,
} from './run-search';
export {
  crossedRun,
  deleteRun,
  discardRuns,
  insertRun,
  runWasAdded,
  runWasDeleted,
  sealRuns,
} from './run-write';
