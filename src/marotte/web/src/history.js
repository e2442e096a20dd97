// The last seconds: frames and sound in, tracks and loudness that the chart and the face read out.

const N_FRAMES = 1024; // 17 seconds at 60 a second
const MOST_LOST = 30; // frames in a row that may be lost between two
const LOUDNESS_RATE = 100;
const N_PEAKS = 2048;

/** The newest frames of a stream, by their place in it. */
export class History {
  constructor(fps, names, lipGap) {
    this.fps = fps;
    this.names = names;
    this.columns = new Map(names.map((name, column) => [name, column]));
    this.lipGap = lipGap;
    this.frames = new Array(N_FRAMES);
    this.clear();
  }

  clear() {
    this.frames.fill(null);
    this.newest = null;
    this.peaks = new Float32Array(N_PEAKS);
    this.nPeaks = 0;
    this.nSamples = 0;
  }

  add(frame) {
    const place = Math.round(frame.time * this.fps);
    Object.assign(frame, { place, gap: this.gapOf(frame.controls) });
    this.frames[place % N_FRAMES] = frame;
    if (!this.newest || frame.time > this.newest.time) this.newest = frame;
  }

  /** The frame at a place in the stream, or null where there is none. */
  frame(place) {
    const frame = place < 0 ? null : this.frames[place % N_FRAMES];
    return frame?.place === place ? frame : null;
  }

  /** The frame nearest to a place in one direction, or null where none is near. */
  near(place, step) {
    for (let lost = 0; lost <= MOST_LOST; lost++) {
      const frame = this.frame(place + step * lost);
      if (frame) return frame;
    }
    return null;
  }

  /** What `read` gives of the frames around a time, linear between them; NaN where there are none. */
  at(time, read) {
    const place = time * this.fps;
    const whole = Math.floor(place + 1e-6);
    const before = this.near(whole, -1);
    if (!before || whole > this.newest.place) return NaN;
    const after = before === this.newest ? before : this.near(whole + 1, 1);
    if (!after) return NaN;
    const share = (place - before.place) / Math.max(after.place - before.place, 1);
    return read(before) + (read(after) - read(before)) * Math.min(Math.max(share, 0), 1);
  }

  /** A track as the chart reads it. */
  track(read) {
    return { at: (time) => this.at(time, read) };
  }

  gapOf(controls) {
    const { restMm, weights } = this.lipGap;
    return controls.reduce((sum, value, column) => sum + value * weights[column], restMm);
  }

  hear(samples, rate) {
    for (const sample of samples) {
      const place = Math.floor((this.nSamples++ * LOUDNESS_RATE) / rate);
      const before = place < this.nPeaks ? this.peaks[place % N_PEAKS] : 0;
      this.peaks[place % N_PEAKS] = Math.max(before, Math.abs(sample));
      this.nPeaks = place + 1;
    }
  }

  /** The greatest peak between two times, 0..1. */
  peak(from, to) {
    const first = Math.max(Math.floor(from * LOUDNESS_RATE), 0, this.nPeaks - N_PEAKS);
    const last = Math.min(Math.max(first + 1, Math.floor(to * LOUDNESS_RATE)), this.nPeaks);
    let most = 0;
    for (let place = first; place < last; place++) most = Math.max(most, this.peaks[place % N_PEAKS]);
    return most;
  }
}
