// The chart of live sound: it scrolls with a history, and its scales grow with the values.

import { Chart, roundUp } from "./chart.js";
import { controlLine, gapLine } from "./lines.js";

// The controls that speech moves most; those that the rig lacks are left out.
const SHOWN = [
  "jawOpen", "mouthPucker", "mouthStretchLeft", "mouthLowerDownLeft", "mouthPressLeft", "mouthClose",
  "mouthFunnel",
]; // prettier-ignore
const MIN_SCALE = 0.4; // the upper end of the controls' scale, at first
const MIN_GAP_MM = 10; // the upper end of the lip gap's scale, at first
const LOUDEST = 0.7; // the peak that is drawn full height

export class LiveChart extends Chart {
  constructor(canvas, tip, history, refresh) {
    const content = {
      lines: linesOf(history),
      gap: gapLine(history.track((frame) => frame.gap), MIN_GAP_MM),
      loudness: { loudest: LOUDEST, peak: (from, to) => history.peak(from, to) },
      levels: [0, MIN_SCALE / 2, MIN_SCALE],
      seconds: Infinity,
    };
    super(canvas, tip, content, null, refresh);
  }

  /** Extend the scales if a frame exceeds them. */
  fit({ time, gap }) {
    // After lost frames the tracks have no value at this time.
    const most = Math.max(0, ...this.lines.map(({ track }) => track.at(time)).filter(Number.isFinite));
    const high = Math.max(this.levels[2], roundUp(most));
    this.levels = [0, high / 2, high];
    this.gap.most = Math.max(this.gap.most, 10 * Math.ceil(gap / 10));
  }
}

function linesOf(history) {
  const known = SHOWN.filter((name) => history.columns.has(name));
  const names = known.length ? known : history.names.slice(0, SHOWN.length);
  return names.map((name, index) => {
    const column = history.columns.get(name);
    const label = name.replace(/Left$/, " L");
    return controlLine({ track: history.track((frame) => frame.controls[column]), label }, index);
  });
}
