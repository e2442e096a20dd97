// Takes: record frames and sound, and offer them as files to download.

import { clockText } from "./chart.js";
import { wavOf } from "./data.js";

const MAX_TAKES = 5; // the oldest is removed
const LAST_FRAMES_MS = 800; // how long a take waits for its last frames
const DOWNLOAD_MS = 10_000; // how long a downloaded file stays in memory

/** One recording: its frames, and the sound that belongs to them. */
class Take {
  constructor(number, fps, maxSeconds) {
    Object.assign(this, { number, fps, maxFrames: Math.floor(maxSeconds * fps) });
    this.rows = [];
    this.sound = [];
  }

  /** Start with the first frame at or after a time in the sound. */
  start(time, rate) {
    this.rate = rate;
    this.first = Math.ceil(time * this.fps - 1e-6);
    this.skip = Math.round((this.first / this.fps - time) * rate);
  }

  /** End at a time in the sound; frames before it may still come. */
  end(time) {
    this.until ??= Math.max(this.first + 1, Math.floor(time * this.fps));
  }

  addSamples(samples) {
    if (this.until !== undefined) return;
    const recorded = samples.slice(Math.min(this.skip, samples.length));
    this.skip -= samples.length - recorded.length;
    this.sound.push(recorded);
  }

  add({ index, controls, head }) {
    const row = index - this.first;
    if (row < 0 || row >= this.maxFrames || this.full) return;
    this.rows[row] = [...controls, ...head];
  }

  get seconds() {
    return this.rows.length / this.fps;
  }

  /** Whether the take has all its frames. */
  get full() {
    const nFrames = Math.min(this.maxFrames, (this.until ?? Infinity) - this.first);
    return this.rows.length >= nFrames;
  }

  /** The frames in one array; lost frames are interpolated. */
  values() {
    const width = this.rows.at(-1).length;
    const values = new Float32Array(this.rows.length * width);
    let before = -1;
    this.rows.forEach((row, index) => {
      const from = before < 0 ? row : this.rows[before];
      for (let i = before + 1; i <= index; i++) {
        const share = (i - before) / (index - before);
        for (let k = 0; k < width; k++) values[i * width + k] = from[k] + (row[k] - from[k]) * share;
      }
      before = index;
    });
    return values;
  }

  wav() {
    const sound = new Float32Array(Math.round(this.seconds * this.rate));
    let n = 0;
    for (const block of this.sound) {
      sound.set(block.subarray(0, sound.length - n), n);
      n += Math.min(block.length, sound.length - n);
    }
    return wavOf(sound, this.rate);
  }
}

/** The take that is being recorded, and the list of finished takes under the face. */
export class Takes {
  /**
   * @param convert returns a take's file (a Blob) for its values and an ending, "csv" or "glb"
   * @param notice tells the user a sentence
   */
  constructor(list, button, convert, notice) {
    Object.assign(this, { list, button, convert, notice });
    this.taking = null;
    this.nTakes = this.nKept = 0;
  }

  /** Start a take at a time in the sound. */
  start(time, { fps, longestTakeS }, rate) {
    this.taking = new Take(++this.nTakes, fps, longestTakeS);
    this.taking.start(time, rate);
    this.show();
  }

  addSamples(samples) {
    this.taking?.addSamples(samples);
  }

  add(frame) {
    this.taking?.add(frame);
    if (this.taking?.full) this.finish();
    else this.show();
  }

  /** End the take at a time in the sound; its last frames are still to come. */
  end(time) {
    const { taking } = this;
    if (!taking) return;
    taking.end(time);
    this.show();
    setTimeout(() => this.taking === taking && this.finish(), LAST_FRAMES_MS);
  }

  /** Finish the take: no more frames will come. */
  finish() {
    const { taking } = this;
    this.taking = null;
    this.show();
    if (taking?.rows.length) this.keep(taking);
    else if (taking) this.notice("The take is empty: no frame arrived while it was recorded.");
  }

  show() {
    const recording = Boolean(this.taking && this.taking.until === undefined);
    this.button.setAttribute("aria-pressed", String(recording));
    this.button.textContent = this.taking ? `Stop ${clockText(this.taking.seconds, 1)}` : "Record";
  }

  keep(take) {
    if (this.nKept === MAX_TAKES) this.list.firstElementChild.remove();
    else this.nKept += 1;
    this.list.append(this.item(take));
    this.list.hidden = false;
  }

  item(take) {
    const item = document.createElement("li");
    const title = document.createElement("span");
    title.textContent = `Take ${take.number}, ${take.seconds.toFixed(1)} s`;
    item.append(title);
    for (const ending of ["csv", "glb", "wav"]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "plain";
      button.textContent = ending.toUpperCase();
      button.setAttribute("aria-label", `Download take ${take.number} as ${ending.toUpperCase()}`);
      button.addEventListener("click", () => this.download(take, ending));
      item.append(button);
    }
    return item;
  }

  async download(take, ending) {
    try {
      const file = ending === "wav" ? take.wav() : await this.convert(take.values(), ending);
      save(file, `take-${take.number}.${ending}`);
    } catch (error) {
      this.notice(`Can't download the take: ${error.message}`);
    }
  }
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD_MS);
}
