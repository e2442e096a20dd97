// The panel of moods, gaze, gain and effort: what the server adds to the frames of this page.

const FLAGS = { gaze: 1, idle: 2, auto: 4 };
const element = (id) => document.getElementById(id);

export class MotionPanel {
  /** @param onchange called after each change by the user */
  constructor(onchange) {
    this.panel = element("motion");
    this.panel.addEventListener("input", () => {
      this.show();
      onchange();
    });
    this.show();
  }

  /** Offer the server's moods; a server without moods knows nothing of this panel. */
  use(moods) {
    this.panel.hidden = !moods;
    const chosen = element("mood").value;
    element("mood").replaceChildren(...(moods ?? []).map((name) => new Option(name)));
    if (moods?.includes(chosen)) element("mood").value = chosen;
    this.show();
  }

  get offered() {
    return !this.panel.hidden;
  }

  /** What the panel says now; `mood` is an index. */
  get values() {
    const number = (id) => Number(element(id).value);
    const flags = Object.entries(FLAGS).reduce((sum, [id, flag]) => sum | (element(id).checked && flag), 0);
    return {
      mood: Math.max(0, element("mood").selectedIndex),
      flags,
      intensity: number("intensity"),
      gain: number("gain"),
      effort: number("effort"),
    };
  }

  show() {
    const { mood } = this.values;
    element("intensity").disabled = mood === 0; // neutral
    element("effort").disabled = element("auto").checked;
    for (const id of ["intensity", "gain", "effort"]) {
      const { value } = element(id);
      element(`${id}-value`).value = Number(value).toFixed(id === "intensity" ? 1 : 2);
    }
    if (element("auto").checked) element("effort-value").value = "auto";
  }
}
