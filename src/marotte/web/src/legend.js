// The names of a chart's lines: press one to hide its line, point at it to make it stand out.

/** Fill a list; gives `{line, value}` of each, where `value` is the element for its number. */
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
    const mean = (meant) => {
      chart.meant = meant;
      chart.refresh();
    };
    for (const enter of ["pointerenter", "focus"]) button.addEventListener(enter, () => mean(line));
    for (const leave of ["pointerleave", "blur"]) button.addEventListener(leave, () => mean(null));
    const item = document.createElement("li");
    item.append(button);
    list.append(item);
    return { line, value };
  });
}
