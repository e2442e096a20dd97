// The level meter: samples in, a bar with their level in dB, which falls slowly.

const QUIET_DB = -60;
const DECAY_DB = 0.05; // per ms

export class LevelMeter {
  constructor(element) {
    this.element = element;
    this.db = QUIET_DB;
  }

  /** Whether the bar is above its lower end. */
  get active() {
    return this.db > QUIET_DB;
  }

  add(samples) {
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    const db = Math.max(QUIET_DB, 10 * Math.log10(power + 1e-9));
    this.db = Math.max(this.db, Math.min(0, db));
  }

  decay(passedMs) {
    this.db = Math.max(QUIET_DB, this.db - DECAY_DB * passedMs);
  }

  show() {
    this.element.style.setProperty("--level", 1 - this.db / QUIET_DB);
    this.element.setAttribute("aria-valuenow", Math.round(this.db));
  }
}
