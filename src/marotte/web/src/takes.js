// Takes: frames and sound that come while recording in, files to download out.

import { clockText } from "./chart.js";
import { wavOf } from "./data.js";

const MOST_TAKES = 5; // the oldest gives way
const LAST_FRAMES_MS = 800; // how long a take waits for the frames of its last sound
const DOWNLOAD_MS = 10_000; // a file is in memory for so long

/** What is recorded between two presses: frames one after the other, and the sound below them. */
class Take {
  constructor(number, fps, longestS) {
    Object.assign(this, { number, fps, longest: Math.floor(longestS * fps) });
    this.rows = [];
    this.sound = [];
  }

  /** Begin at the first frame that stands at or after this moment of the sound. */
  begin(time, rate) {
    this.rate = rate;
    this.first = Math.ceil(time * this.fps - 1e-6);
    this.skip = Math.round((this.first / this.fps - time) * rate);
  }

  /** End at this moment of the sound; frames up to it may still come. */
  end(time) {
    this.until ??= Math.max(this.first + 1, Math.floor(time * this.fps));
  }

  hear(samples) {
    if (this.until !== undefined) return;
    const heard = samples.slice(Math.min(this.skip, samples.length));
    this.skip -= samples.length - heard.length;
    this.sound.push(heard);
  }

  add({ place, controls, turn }) {
    const row = place - this.first;
    if (row < 0 || row >= this.longest || this.full) return;
    this.rows[row] = [...controls, ...turn];
  }

  get seconds() {
    return this.rows.length / this.fps;
  }

  /** Whether all frames that belong to it are there. */
  get full() {
    const wanted = Math.min(this.longest, (this.until ?? Infinity) - this.first);
    return this.rows.length >= wanted;
  }

  /** Its frames in one piece, with those that were lost between their neighbours. */
  values() {
    const width = this.rows.at(-1).length;
    const values = new Float32Array(this.rows.length * width);
    let before = -1;
    this.rows.forEach((row, place) => {
      const from = before < 0 ? row : this.rows[before];
      for (let lost = before + 1; lost <= place; lost++) {
        const share = (lost - before) / (place - before);
        for (let i = 0; i < width; i++) values[lost * width + i] = from[i] + (row[i] - from[i]) * share;
      }
      before = place;
    });
    return values;
  }

  wav() {
    const sound = new Float32Array(Math.round(this.seconds * this.rate));
    let place = 0;
    for (const piece of this.sound) {
      sound.set(piece.subarray(0, sound.length - place), place);
      place += Math.min(piece.length, sound.length - place);
    }
    return wavOf(sound, this.rate);
  }
}

/** The take that is recorded, and the list of those that were, under the face. */
export class Takes {
  constructor(list, button, notice) {
    Object.assign(this, { list, button, notice });
    this.taking = null;
    this.nTakes = this.nKept = 0;
  }

  /** Begin a take at this moment of the sound. */
  begin(time, { fps, longestTakeS }, rate) {
    this.taking = new Take(++this.nTakes, fps, longestTakeS);
    this.taking.begin(time, rate);
    this.show();
  }

  hear(samples) {
    this.taking?.hear(samples);
  }

  add(frame) {
    this.taking?.add(frame);
    if (this.taking?.full) this.finish();
    else this.show();
  }

  /** End the take at this moment; the frames of its last sound are still to come. */
  end(time) {
    const { taking } = this;
    if (!taking) return;
    taking.end(time);
    this.show();
    setTimeout(() => this.taking === taking && this.finish(), LAST_FRAMES_MS);
  }

  /** No frame comes any more. */
  finish() {
    const { taking } = this;
    this.taking = null;
    this.show();
    if (taking?.rows.length) this.keep(taking);
    else if (taking) this.notice("The take is empty: no frame came while it was recorded.");
  }

  show() {
    const recording = Boolean(this.taking && this.taking.until === undefined);
    this.button.setAttribute("aria-pressed", String(recording));
    this.button.textContent = this.taking ? `Stop ${clockText(this.taking.seconds, 1)}` : "Record";
  }

  keep(take) {
    if (this.nKept === MOST_TAKES) this.list.firstElementChild.remove();
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
      save(ending === "wav" ? take.wav() : await made(take, ending), `take-${take.number}.${ending}`);
    } catch (error) {
      this.notice(`The take can't be downloaded: ${error.message}`);
    }
  }
}

/** The server writes what it also writes from recordings. */
async function made(take, ending) {
  const answer = await fetch(`take.${ending}${location.search}`, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: take.values(),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.blob();
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD_MS);
}
