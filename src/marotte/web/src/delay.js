// The delay meter: it shows how old the sound is that the face shows, and which parts add up to it.

const PARTS = [
  ["look-ahead", "sound that the student waits for, and smoothing"],
  ["transport", "collecting samples, to the server and back"],
  ["computing", "the student, on the server"],
  ["held", "until the file's sound is played"],
  ["drawing", "from the frame's arrival to its picture"],
];
const SMOOTHING = 0.06; // the share of a new frame in the mean that is shown
const SHOW_MS = 250;

/** Return the parts, in ms, of a frame that was made from the sound of this page. */
export function localDelay(frame, source, firstSample, now) {
  const captured = source.startMs + (1000 * firstSample) / source.rate + 1000 * frame.time;
  const transport = Math.max(0, frame.arrived - captured - frame.delayMs - frame.serverMs);
  const due = Math.max(frame.arrived, captured + 1000 * source.holdS);
  return [frame.delayMs, transport, frame.serverMs, due - frame.arrived, now - due];
}

/** Return the parts, in ms, of a frame that another program made. */
export function remoteDelay(frame, roundTripMs, now) {
  return [frame.delayMs, roundTripMs / 2, frame.serverMs, 0, now - frame.arrived];
}

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

  /** Add the parts of one frame's delay in ms, in the order of PARTS. */
  add(parts) {
    const before = this.means ?? parts;
    this.means = parts.map((part, i) => before[i] + (part - before[i]) * SMOOTHING);
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

function label(name, title, mean) {
  const item = document.createElement("span");
  item.className = name;
  item.title = title;
  item.textContent = `${name} ${mean.toFixed(mean < 9.95 ? 1 : 0)}`;
  return item;
}
