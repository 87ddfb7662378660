// Draws curves over days with uPlot, in the page's own colours. Loaded by chart.tsx alone.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { day, number } from "../format";
import type { ChartProps } from "./chart";

export interface DayChart {
  update(props: ChartProps): void;
  remove(): void;
}

const HEIGHT = 260;
const WEEK = 7 * 86_400;
const LINES = ["--curve-1", "--curve-2", "--curve-3"] as const;

const seconds = (text: string): number => Date.parse(`${text}T00:00:00Z`) / 1000;
const text = (at: number): string => new Date(at * 1000).toISOString().slice(0, 10);

export function drawDays(place: HTMLElement, first: ChartProps): DayChart {
  let props = first;
  const colour = (name: string): string => getComputedStyle(place).getPropertyValue(name).trim();
  const font = (): string => `12px ${getComputedStyle(place).fontFamily}`;

  function drawSpans(plot: uPlot): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.font = font();
    const ratio = devicePixelRatio;
    ctx.font = `${12 * ratio}px ${getComputedStyle(place).fontFamily}`;
    let row = 0;
    for (const span of props.spans ?? []) {
      const from = Math.max(bbox.left, plot.valToPos(seconds(span.from), "x", true));
      const to = Math.min(bbox.left + bbox.width, plot.valToPos(seconds(span.to), "x", true));
      if (to <= from) continue;
      ctx.fillStyle = colour(row % 2 === 0 ? "--span-1" : "--span-2");
      ctx.fillRect(from, bbox.top, to - from, bbox.height);
      ctx.fillStyle = colour("--soft");
      ctx.save();
      ctx.beginPath();
      ctx.rect(from, bbox.top, to - from, bbox.height);
      ctx.clip();
      ctx.fillText(span.name, from + 5 * ratio, bbox.top + (15 + 16 * row) * ratio);
      ctx.restore();
      row += 1;
    }
    ctx.restore();
  }

  function drawLevel(plot: uPlot): void {
    const level = props.level;
    if (!level) return;
    const { ctx, bbox } = plot;
    const y = plot.valToPos(level.value, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) return;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = colour("--gold-ink");
    ctx.setLineDash([6 * ratio, 4 * ratio]);
    ctx.lineWidth = 1.5 * ratio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = colour("--gold-ink");
    ctx.font = `${12 * ratio}px ${getComputedStyle(place).fontFamily}`;
    ctx.textAlign = "right";
    ctx.fillText(level.name, bbox.left + bbox.width - 4 * ratio, y - 5 * ratio);
    ctx.restore();
  }

  const data = (): uPlot.AlignedData => [
    props.days.map(seconds),
    ...props.series.map((one) => [...one.values]),
  ];

  function options(): uPlot.Options {
    const axis = {
      stroke: () => colour("--soft"),
      font: font(),
      grid: { stroke: () => colour("--line"), width: 1 },
    };
    return {
      width: place.clientWidth,
      height: HEIGHT,
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"),
      legend: { show: false },
      cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
      scales: {
        // A campaign that has just begun: a week. uPlot itself would give years to one point alone.
        x: {
          range: (plot, from, to) => {
            const end = plot.data[0].at(-1) ?? to;
            return Math.min(to, end) - from < WEEK ? [end - WEEK / 2, end + WEEK / 2] : [from, to];
          },
        },
        y: {
          range: (_, low, high) => {
            const top = Math.max(high ?? 0, props.level?.value ?? 0, 1);
            return [Math.min(0, low ?? 0), top * 1.08];
          },
        },
      },
      series: [
        {},
        ...props.series.map((_, index) => ({
          stroke: () => colour(LINES[index % LINES.length] ?? LINES[0]),
          fill: index === 0 ? () => colour("--curve-fill") : undefined,
          width: 2,
          points: { show: props.days.length < 3 },
        })),
      ],
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((at) => dayTick(at, ticks)), space: 70 },
        {
          ...axis,
          values: (_, ticks) => ticks.map((value) => (Number.isInteger(value) ? short(value) : "")),
          size: 56,
        },
      ],
      hooks: {
        drawClear: [drawSpans],
        draw: [drawLevel],
        setCursor: [tip],
      },
    };
  }

  const label = document.createElement("div");
  label.className = "chart-tip";
  label.hidden = true;

  function tip(plot: uPlot): void {
    const index = plot.cursor.idx;
    if (index === null || index === undefined) {
      label.hidden = true;
      return;
    }
    const at = props.days[index];
    if (at === undefined) return;
    label.hidden = false;
    label.textContent = [
      day(at),
      ...props.series.map((one) => `${one.name}: ${number(one.values[index] ?? 0)}`),
    ].join(" · ");
  }

  const plot = new uPlot(options(), data(), place);
  place.append(label);
  const resized = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT }));
  resized.observe(place);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const repaint = (): void => plot.redraw(false, true);
  scheme.addEventListener("change", repaint);

  return {
    update(next) {
      props = next;
      plot.setData(data());
    },
    remove() {
      resized.disconnect();
      scheme.removeEventListener("change", repaint);
      plot.destroy();
      label.remove();
    },
  };
}

function dayTick(at: number, ticks: readonly number[]): string {
  const [year, month, date] = text(at).split("-");
  const long = (ticks.at(-1) ?? at) - (ticks[0] ?? at) > 300 * 86_400;
  return long ? `${month}/${year}` : `${date}/${month}`;
}

/** 1200000 → 1,2 tr: axes have little room. */
function short(value: number): string {
  if (value >= 1_000_000) return `${number(value / 1_000_000)}\u00a0tr`;
  return number(value);
}
