// A chart over time, drawn by uPlot. The canvas says in words what it shows; the figures themselves
// stand beside it as text.

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useColourScheme } from './hooks.ts';

export interface Line {
  label: string;
  /** Name of the colour's custom property, such as `--http`. */
  colour: string;
  /** One value for each time; `null` leaves a gap. */
  values: (number | null)[];
}

export interface ChartProps {
  /** Seconds since 1970, rising. */
  times: number[];
  lines: Line[];
  format: (value: number) => string;
  /** What is shown, for who does not see it. */
  description: string;
  logarithmic?: boolean;
}

const HEIGHT_PX = 220;
/** What a chart spans at least, so that the first seconds do not fill it. */
const SPAN_MIN_S = 120;

export function Chart({ times, lines, format, description, logarithmic = false }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const scheme = useColourScheme();
  const shape = lines.map(({ label, colour }) => `${label} ${colour}`).join();

  // A plot is made anew for another shape only; new values come by the effect after this one.
  useEffect(() => {
    const element = frame.current!;
    const made = new uPlot(
      optionsOf(lines, format, logarithmic, element),
      dataOf(times, lines, logarithmic),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [scheme, shape, logarithmic]);

  useEffect(() => {
    plot.current?.setData(dataOf(times, lines, logarithmic));
  }, [times, lines, logarithmic]);

  return <div class="chart" ref={frame} role="img" aria-label={description} />;
}

function dataOf(times: number[], lines: Line[], logarithmic: boolean): uPlot.AlignedData {
  // A logarithmic scale has no place for 0.
  const shown = (value: number | null) => (logarithmic && value === 0 ? null : value);
  return [times, ...lines.map(({ values }) => values.map(shown))];
}

function optionsOf(
  lines: Line[],
  format: (value: number) => string,
  logarithmic: boolean,
  element: HTMLElement,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--muted'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1, size: 4 },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    padding: [8, 8, 0, 0],
    scales: {
      x: {
        range: (_, from, to) => [Math.min(from ?? to, to - SPAN_MIN_S), to],
      },
      y: logarithmic
        ? { distr: 3, range: (_, low, high) => rangeOfDecades(low, high) }
        : { range: (_, _low, high) => [0, Math.max(high ?? 0, 1) * 1.1] },
    },
    axes: [
      { ...axis, values: '{HH}:{mm}:{ss}', space: 80, size: 28 },
      {
        ...axis,
        size: 64,
        values: (_, marks) => marks.map((mark) => (mark === null ? '' : format(mark))),
        ...(logarithmic && { splits: (plot: uPlot) => decadesOf(plot.scales.y!) }),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, colour: name }) => ({
        label,
        stroke: colour(name),
        width: 1.75,
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
}

function rangeOfDecades(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null || low <= 0) return [1, 1000];
  return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high * 1.001))];
}

function decadesOf({ min, max }: uPlot.Scale): number[] {
  const [first, last] = [Math.round(Math.log10(min ?? 1)), Math.round(Math.log10(max ?? 1))];
  return Array.from({ length: last - first + 1 }, (_, decade) => 10 ** (first + decade));
}
