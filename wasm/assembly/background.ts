import { unitOf } from './key';
import { KIND_FRAGMENTED, KIND_PREFIX, NO_RUN, RECORD_ROUTE, VERSION_ROOT, VERSION_RUN_COUNT, VERSION_SEGMENT_STARTS } from './layout';
import { FIELD_DIGIT_0, FIELD_PREFIX, fieldAddress, hasField } from './node';
import { innermostRun, runRecord, segmentAt } from './run-table';

export function backgroundAnswer(version: u32, key: f64, length: u32): u32 {
  const unit = unitOf(key);
  if (unit == 0) return 0;
  const run = innermostRun(version, key);
  if (run != NO_RUN) return (KIND_FRAGMENTED << 30) | (length << 26) | load<u32>(runRecord(version, run) + RECORD_ROUTE);
  return prefixAnswer(version, <u64>key - unit, unit);
}
function prefixAnswer(version: u32, rest: u64, unit: u64): u32 {
  let node = load<u32>(version + VERSION_ROOT);
  let answer: u32 = 0;
  let depth: u32 = 0;
  for (;;) {
    const head = load<u32>(node);
    if (hasField(head, FIELD_PREFIX)) answer = (KIND_PREFIX << 30) | (depth << 26) | load<u32>(fieldAddress(node, head, FIELD_PREFIX));
    if (unit == 1) break;
    unit /= 10;
    const field = FIELD_DIGIT_0 + <u32>(rest / unit);
    rest %= unit;
    if (!hasField(head, field)) break;
    node = load<u32>(fieldAddress(node, head, field));
    depth++;
  }
  return answer;
}
export function backgroundEnd(version: u32, key: f64): f64 {
  let unit = unitOf(key);
  let end: f64 = <f64>unit * 2 - 1;
  const whole = <u64>key;
  let rest = whole - unit;
  let node = load<u32>(version + VERSION_ROOT);
  for (;;) {
    const head = load<u32>(node);
    if (unit == 1) { end = key; break; }
    unit /= 10;
    const field = FIELD_DIGIT_0 + <u32>(rest / unit);
    if (!hasField(head, field)) { end = <f64>((whole / unit + 1) * unit - 1); break; }
    rest %= unit;
    node = load<u32>(fieldAddress(node, head, field));
  }
  const next = segmentAt(version, key) + 1;
  if (next < load<i32>(version + VERSION_RUN_COUNT) * 2) end = min(end, load<f64>(load<u32>(version + VERSION_SEGMENT_STARTS) + (next << 3)) - 1);
  return end;
}
