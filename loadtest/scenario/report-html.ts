// The report of a scenario as one HTML file that needs nothing else: the plots' library, the data and
// the page are all in it, so it can be mailed and opened in ten years.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  ledgerLines,
  type ScenarioReport,
  type WindowPoint,
  windowLabel,
} from './scenario-report.ts';

/** What two reports are called that are compared: their scenarios mostly have one name. */
const TURNS = ['before', 'after'];

const VERDICTS: Record<ScenarioReport['verdict'], string> = {
  ok: 'every answer was right',
  'wrong-answers': 'answers were wrong',
  losses: 'answers were lost or refused',
};

/** The page for one report, or for two that are compared. */
export function reportHtml(reports: readonly ScenarioReport[]): string {
  const require = createRequire(import.meta.url);
  const read = (name: string) => readFileSync(require.resolve(`uplot/dist/${name}`), 'utf8');
  const [first] = reports;
  const title = reports.map(({ scenario }) => scenario.name).join(' and ');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}: load test</title>
<style>${read('uPlot.min.css')}${STYLE}</style>
<h1>${escapeHtml(title)}</h1>
${reports.map((report, at) => summaryHtml(report, reports.length > 1 ? TURNS[at] : undefined)).join('')}
<h2>Latency against load</h2>
<p>By lookups answered a second, one point for each phase or step${reports.length > 1 ? '; the 99th percentile' : ''}. A dashed line is a knee.</p>
<div id="curve"></div>
<h2>Over time${reports.length > 1 ? `, ${TURNS[0]}` : ''}</h2>
${first ? first.streams.map(({ name }, at) => `<h3>${escapeHtml(name)}</h3><div id="stream${at}"></div><div id="latency${at}"></div>`).join('') : ''}
<h3>Processors and memory of server and generator</h3><div id="processors"></div><div id="memory"></div>
<script>${read('uPlot.iife.min.js')}</script>
<script>const [reports, turns] = ${scriptJson([reports, TURNS])};${SCRIPT}</script>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
td, th { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #8884; }
td:first-child, th:first-child { text-align: left; }
.bad { color: light-dark(#b00020, #ff8a80); font-weight: bold; }
.u-legend { font-size: 13px; }
.scroll { overflow-x: auto; }
`;

/** Draws what it finds in \`reports\`; runs in the reader's browser. */
const SCRIPT = `
const colours = ['#1565c0', '#c62828', '#2e7d32', '#6a1b9a'];
const width = Math.min(960, document.body.clientWidth - 40);
const ink = getComputedStyle(document.body).color;
const axis = (more) => ({ stroke: ink, grid: { stroke: '#8884' }, ticks: { stroke: '#8884' }, ...more });
const draw = (id, series, data, axes, scales, hooks = {}) => {
  const target = document.getElementById(id);
  if (target && data[0].length) new uPlot({ width, height: 260, series, axes, scales, hooks }, data, target);
};
const time = axis({ label: 'seconds' });
const number = (label) => axis({ label, size: 80 });
const plain = { x: { time: false } };
const log = { x: { time: false }, y: { distr: 3 } };
{
  const points = reports.map((report) => report.windows.filter((w) => !w.warmUp)
    .sort((a, b) => a.answeredPerSecond - b.answeredPerSecond));
  const xs = [...new Set(points.flat().map((p) => p.answeredPerSecond))].sort((a, b) => a - b);
  const column = (own, name) => xs.map((x) => own.find((p) => p.answeredPerSecond === x)?.latencyUs[name] ?? null);
  const series = [{ label: 'lookups/s' }];
  const data = [xs];
  points.forEach((own, at) => {
    for (const name of reports.length > 1 ? ['p99'] : ['p50', 'p99', 'p99_9']) {
      series.push({ label: (reports.length > 1 ? turns[at] + ' ' : '') + name.replace('_', '.') + ' µs', stroke: colours[series.length - 1], spanGaps: true, points: { show: true } });
      data.push(column(own, name));
    }
  });
  const knees = reports.flatMap(({ knee }, at) => knee?.at && knee.beyond ? [[knee.at.answeredPerSecond, at]] : []);
  const drawKnees = ({ ctx, bbox, valToPos }) => {
    ctx.save();
    ctx.setLineDash([6, 6]);
    for (const [x, at] of knees) {
      ctx.strokeStyle = reports.length > 1 ? colours[at] : ink;
      const left = Math.round(valToPos(x, 'x', true));
      ctx.beginPath();
      ctx.moveTo(left, bbox.top);
      ctx.lineTo(left, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  };
  draw('curve', series, data, [axis({ label: 'lookups/s' }), number('µs')], log, { draw: [drawKnees] });
}
const [report] = reports;
report.streams.forEach(({ seconds }, at) => {
  const xs = seconds.map((_, second) => second);
  draw('stream' + at,
    [{ label: 's' }, { label: 'due/s', stroke: '#888' }, { label: 'answered/s', stroke: colours[0] }, { label: 'lost/s', stroke: colours[1] }],
    [xs, seconds.map((s) => s.offeredPerSecond), seconds.map((s) => s.answeredPerSecond), seconds.map((s) => s.lost)],
    [time, number('lookups')], plain);
  draw('latency' + at,
    [{ label: 's' }, ...['p50', 'p99', 'max'].map((name, n) => ({ label: name + ' µs', stroke: colours[n] }))],
    [xs, ...['p50', 'p99', 'max'].map((name) => seconds.map((s) => s.latencyUs[name] || null))],
    [time, number('µs')], log);
});
const samples = [['server', report.server], ['generator', report.generator.samples ?? []]].filter(([, own]) => own.length);
const drawSamples = (id, unit, valueOf) => samples.length && draw(id,
  [{ label: 's' }, ...samples.map(([name], at) => ({ label: name + ' ' + unit, stroke: colours[at], spanGaps: true }))],
  uPlot.join(samples.map(([, own]) => [own.map((s) => s.second), own.map(valueOf)])),
  [time, number(unit)], plain);
drawSamples('processors', '% of one processor', (s) => s.cpuPercent);
drawSamples('memory', 'MiB', (s) => s.residentBytes / 1048576);
`;

function summaryHtml(report: ScenarioReport, turn: string | undefined): string {
  const { verdict, stoppedBy, knee, generator, machine, startedAt, actions } = report;
  const rows = [
    ...report.windows,
    ...report.streams.map(({ name, total }) => ({
      ...total,
      phase: `all of ${name}`,
      warmUp: false,
    })),
  ];
  const bad = (isBad: boolean, text: string) =>
    `<span${isBad ? ' class="bad"' : ''}>${escapeHtml(text)}</span>`;
  const heading = turn ? `<h2>${turn}: ${escapeHtml(report.scenario.name)}</h2>\n` : '';
  return `${heading}<p>${escapeHtml(startedAt)} · ${escapeHtml(machine.cpu)}, ${machine.cores} cores, Node ${escapeHtml(machine.node)} · ${bad(verdict !== 'ok', VERDICTS[verdict])}${stoppedBy ? ` · stopped: ${escapeHtml(stoppedBy)}` : ''}</p>
<p>${bad(generator.isBottleneck, generator.statement)}</p>
${knee ? `<p>Knee: ${escapeHtml(knee.statement)}</p>` : ''}
<div class="scroll"><table><tr><th>phase<th>offered/s<th>answered/s<th>lost<th>failed<th>p50 µs<th>p99<th>p99.9<th>max</tr>
${rows.map(rowHtml).join('\n')}
</table></div>
${ledgerLines(report.server)
  .map((line) => `<p>${escapeHtml(line)}</p>`)
  .join(
    '',
  )}${actions.map(({ name, atSeconds, isDone, tookMs }) => `<p>At ${atSeconds} s: ${escapeHtml(name)}: ${bad(!isDone, isDone ? 'done' : 'failed')} in ${Math.round(tookMs).toLocaleString('en-US')} ms</p>`).join('')}`;
}

function rowHtml(
  point: Pick<WindowPoint, 'phase' | 'warmUp'> & Omit<WindowPoint, 'fromSecond' | 'toSecond'>,
): string {
  const { latencyUs, lost, failed } = point;
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  const cells = [
    point.offeredPerSecond,
    point.answeredPerSecond,
    lost,
    failed,
    latencyUs.p50,
    latencyUs.p99,
    latencyUs.p99_9,
    latencyUs.max,
  ];
  const name = escapeHtml(windowLabel(point));
  return `<tr><td>${name}${cells.map((cell) => `<td>${count(cell)}`).join('')}</tr>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
}

/** JSON that no script element ends in (HTML, "restrictions for contents of script elements"). */
function scriptJson(value: unknown): string {
  return JSON.stringify(value)
    .replace(/</g, '\\u003c')
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029');
}
