// The pose of the live face: it follows the frames, and returns to rest when they end.

const REST_MS = 120; // the time constant of the return to rest
const SMALLEST = 1e-3; // smaller controls become 0

export class Pose {
  /** @param targets the names of the head's controls */
  constructor(targets) {
    this.targets = targets;
    this.values = new Float32Array(targets.length);
    this.head = [0, 0, 0]; // yaw, pitch, roll
    this.columns = targets.map(() => -1);
    this.time = null;
  }

  /** Prepare for the frames of a history; targets that they lack stay at 0. */
  use(history) {
    this.columns = this.targets.map((name) => history.columns.get(name) ?? -1);
  }

  /** Take the pose of a history at a time in seconds; true if the time is a new one. */
  follow(history, time) {
    const moved = time !== this.time;
    this.time = time;
    this.columns.forEach((column, target) => {
      const value = column < 0 ? 0 : history.at(time, (frame) => frame.controls[column]);
      if (!Number.isNaN(value)) this.values[target] = value;
    });
    this.head = history.newest.head;
    return moved;
  }

  /** Return to rest for some milliseconds; true if the face was not at rest. */
  relax(passedMs) {
    const moved = this.values.some((value) => value !== 0);
    const share = Math.exp(-passedMs / REST_MS);
    this.values.forEach((value, target) => {
      this.values[target] = Math.abs(value) > SMALLEST ? value * share : 0;
    });
    this.head = this.head.map((angle) => angle * share);
    return moved;
  }
}
