// The curves of sound without an end: a history in, a chart that runs along with it out.

import { Chart, roundUp } from "./chart.js";
import { controlLine, gapLine } from "./lines.js";

// The curves that speech moves most, of those that the rig has.
const SHOWN = [
  "jawOpen", "mouthPucker", "mouthStretchLeft", "mouthLowerDownLeft", "mouthPressLeft", "mouthClose",
  "mouthFunnel",
]; // prettier-ignore
const LEAST_REACH = 0.4; // the scale reaches at least so far
const LEAST_GAP_MM = 10;
const LOUDEST = 0.7;

export class LiveChart extends Chart {
  constructor(canvas, tip, history, refresh) {
    const content = {
      lines: linesOf(history),
      gap: gapLine(history.track((frame) => frame.gap), LEAST_GAP_MM),
      loudness: { loudest: LOUDEST, peak: (from, to) => history.peak(from, to) },
      levels: [0, LEAST_REACH / 2, LEAST_REACH],
      seconds: Infinity,
    };
    super(canvas, tip, content, null, refresh);
  }

  /** Widen the scales if a frame needs it. */
  fit({ time, gap }) {
    const most = Math.max(...this.lines.map(({ track }) => track.at(time)));
    const high = Math.max(this.levels[2], roundUp(most));
    this.levels = [0, high / 2, high];
    this.gap.most = Math.max(this.gap.most, 10 * Math.ceil(gap / 10));
  }
}

function linesOf(history) {
  const known = SHOWN.filter((name) => history.columns.has(name));
  const names = known.length ? known : history.names.slice(0, SHOWN.length);
  return names.map((name, place) => {
    const column = history.columns.get(name);
    const label = name.replace(/Left$/, " L");
    return controlLine({ track: history.track((frame) => frame.controls[column]), label }, place);
  });
}
