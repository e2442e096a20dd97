// The legend of a chart: click a name to hide its line, point at it to highlight the line.

/** Fill a list element. Return `{line, value}` for each entry; `value` is the element of its number. */
export function fillLegend(list, chart) {
  return [...chart.lines, chart.gap].map((line) => {
    const button = document.createElement("button");
    const value = document.createElement("span");
    button.type = "button";
    button.style.setProperty("--colour", `var(--${line.colour})`);
    button.setAttribute("aria-pressed", "true");
    button.append(line.label, value);
    button.addEventListener("click", () => {
      line.hidden = !line.hidden;
      button.setAttribute("aria-pressed", String(!line.hidden));
      chart.refresh();
    });
    const highlight = (highlighted) => {
      chart.highlighted = highlighted;
      chart.refresh();
    };
    for (const enter of ["pointerenter", "focus"]) button.addEventListener(enter, () => highlight(line));
    for (const leave of ["pointerleave", "blur"]) button.addEventListener(leave, () => highlight(null));
    const item = document.createElement("li");
    item.append(button);
    list.append(item);
    return { line, value };
  });
}

/** Show the lines' values at a time in seconds. */
export function updateLegend(legend, time) {
  for (const { line, value } of legend) {
    const now = line.track.at(time);
    value.textContent = Number.isNaN(now) ? "" : line.text(now);
  }
}
