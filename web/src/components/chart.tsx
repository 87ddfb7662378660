// A chart over days with its table beside it. The drawing is loaded when it is first shown and is only a picture of the
// table, which is what screen readers and keyboards use.
import { useEffect, useRef } from "preact/hooks";
import type { DayChart } from "./day-chart";

export interface Series {
  name: string;
  /** One value for each day, in order. */
  values: readonly (number | null)[];
}

/** A span of days that is marked behind the curve, such as a campaign's window. */
export interface Span {
  name: string;
  from: string;
  to: string;
}

export interface ChartProps {
  /** What the picture says, in a sentence. */
  label: string;
  /** Days of the API, in order. */
  days: readonly string[];
  series: readonly Series[];
  spans?: readonly Span[];
  /** A line across, such as the target. */
  level?: { name: string; value: number } | undefined;
}

export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<DayChart | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    let gone = false;
    import("./day-chart").then(
      ({ drawDays }) => {
        if (!gone && place.current) drawn.current = drawDays(place.current, latest.current);
      },
      () => undefined, // Without the picture there is the table.
    );
    return () => {
      gone = true;
      drawn.current?.remove();
      drawn.current = null;
    };
  }, []);

  useEffect(() => drawn.current?.update(props), [props.days, props.series, props.spans, props.level]);

  return <div ref={place} class="chart" role="img" aria-label={props.label} />;
}
