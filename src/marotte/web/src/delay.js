// The delay from sound in to frame shown: what is measured of each frame in, a meter with its parts out.

const PARTS = [
  ["look-ahead", "what the student waits to hear"],
  ["transport", "gathering samples, to the server and back"],
  ["computing", "the server, with the student"],
  ["held", "until the file's sound is heard"],
  ["drawing", "from the frame's arrival to its picture"],
];
const FOLLOW = 0.06; // the share of each new frame in the mean that is shown
const SHOW_MS = 250;

export class DelayMeter {
  constructor(element) {
    this.element = element;
    this.split = element.querySelector("#split");
    this.parts = element.querySelector("#parts");
    for (const [name] of PARTS) {
      const bar = document.createElement("i");
      bar.className = name;
      this.split.append(bar);
    }
    this.clear();
  }

  clear() {
    this.means = null;
    this.shownAt = 0;
    this.element.hidden = true;
  }

  /** Take the parts of one frame's delay in ms, in the order above. */
  add(parts) {
    const before = this.means ?? parts;
    this.means = parts.map((part, i) => before[i] + (part - before[i]) * FOLLOW);
  }

  get totalMs() {
    return this.means?.reduce((sum, part) => sum + part, 0) ?? null;
  }

  show(now) {
    if (!this.means || now - this.shownAt < SHOW_MS) return;
    this.shownAt = now;
    this.element.hidden = false;
    this.element.querySelector("#total").textContent = `${Math.round(this.totalMs)} ms`;
    this.means.forEach((mean, i) => (this.split.children[i].style.flexGrow = Math.max(0, mean)));
    const shown = PARTS.map((part, i) => [...part, this.means[i]]).filter(([, , mean]) => mean > 0.05);
    this.parts.replaceChildren(...shown.map((part) => label(...part)));
  }
}

function label(name, what, mean) {
  const item = document.createElement("span");
  item.className = name;
  item.title = what;
  item.textContent = `${name} ${mean.toFixed(mean < 9.95 ? 1 : 0)}`;
  return item;
}
