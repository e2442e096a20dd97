// How fine the picture is: fewer pixels where the device can't draw them 60 times per second.

const SLOW_MS = 20; // between two pictures, in the mean of
const N_PICTURES = 45;
const PAUSE_MS = 500; // longer times are pauses, not slow pictures
const STEP = 0.8;
const LEAST = 0.75; // pixels per CSS pixel

export class Resolution {
  /** @param most pixels per CSS pixel at first */
  constructor(most) {
    this.ratio = most;
    this.times = [];
  }

  /** Take the time since the picture before; true if `ratio` has changed. */
  add(passedMs) {
    if (passedMs > PAUSE_MS) return false;
    this.times.push(passedMs);
    if (this.times.length < N_PICTURES) return false;
    const mean = this.times.reduce((sum, time) => sum + time) / N_PICTURES;
    this.times = [];
    if (mean < SLOW_MS || this.ratio <= LEAST) return false;
    this.ratio = Math.max(LEAST, STEP * this.ratio);
    return true;
  }
}
