// The curves of the live page: the chart and its legend.

import { fillLegend, updateLegend } from "./legend.js";
import { LiveChart } from "./livechart.js";

const element = (id) => document.getElementById(id);

export class LiveCurves {
  /** Show the curves of a history in place of those before. */
  constructor(history, refresh) {
    element("chart").replaceWith(element("chart").cloneNode()); // drops the old chart's listeners
    this.chart = new LiveChart(element("chart"), element("tip"), history, refresh);
    element("legend").replaceChildren();
    this.legend = fillLegend(element("legend"), this.chart);
    this.chart.resize();
  }

  draw(time) {
    this.chart.draw(time);
    updateLegend(this.legend, time);
  }
}
