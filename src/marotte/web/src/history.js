// The history of a stream: its last seconds of frames and sound, which the chart and the face read.

const N_FRAMES = 1024; // 17 seconds at 60 fps
const MAX_LOST = 30; // frames in a row across which values are interpolated
const LOUDNESS_RATE = 100; // peaks per second
const N_PEAKS = 2048;

/** The newest frames of a stream, by their index in it. */
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
    this.missing = 0; // frames that never came
    this.peaks = new Float32Array(N_PEAKS);
    this.nPeaks = 0;
    this.nSamples = 0;
  }

  add(frame) {
    const index = Math.round(frame.time * this.fps);
    Object.assign(frame, { index, gap: this.gapOf(frame.controls) });
    this.frames[index % N_FRAMES] = frame;
    if (this.newest && frame.time <= this.newest.time) return;
    this.missing += index - (this.newest?.index ?? -1) - 1;
    this.newest = frame;
  }

  /** Return a frame by its index in the stream, or null if there is none. */
  frame(index) {
    const frame = index < 0 ? null : this.frames[index % N_FRAMES];
    return frame?.index === index ? frame : null;
  }

  /** Return the frame nearest to an index in the direction of `step`, or null if none is near. */
  near(index, step) {
    for (let lost = 0; lost <= MAX_LOST; lost++) {
      const frame = this.frame(index + step * lost);
      if (frame) return frame;
    }
    return null;
  }

  /** Interpolate `read(frame)` linearly at a time; NaN without frames around it. */
  at(time, read) {
    const position = time * this.fps;
    const index = Math.floor(position + 1e-6);
    const before = this.near(index, -1);
    if (!before || index > this.newest.index) return NaN;
    const after = before === this.newest ? before : this.near(index + 1, 1);
    if (!after) return NaN;
    const share = (position - before.index) / Math.max(after.index - before.index, 1);
    return read(before) + (read(after) - read(before)) * Math.min(Math.max(share, 0), 1);
  }

  /** Return `read(frame)` over time, as the chart's tracks are. */
  track(read) {
    return { at: (time) => this.at(time, read) };
  }

  gapOf(controls) {
    const { restMm, weights } = this.lipGap;
    return controls.reduce((sum, value, column) => sum + value * weights[column], restMm);
  }

  addSamples(samples, rate) {
    for (const sample of samples) {
      const index = Math.floor((this.nSamples++ * LOUDNESS_RATE) / rate);
      const before = index < this.nPeaks ? this.peaks[index % N_PEAKS] : 0;
      this.peaks[index % N_PEAKS] = Math.max(before, Math.abs(sample));
      this.nPeaks = index + 1;
    }
  }

  /** Return the highest peak between two times, 0..1. */
  peak(from, to) {
    const first = Math.max(Math.floor(from * LOUDNESS_RATE), 0, this.nPeaks - N_PEAKS);
    const last = Math.min(Math.max(first + 1, Math.floor(to * LOUDNESS_RATE)), this.nPeaks);
    let highest = 0;
    for (let i = first; i < last; i++) highest = Math.max(highest, this.peaks[i % N_PEAKS]);
    return highest;
  }
}
