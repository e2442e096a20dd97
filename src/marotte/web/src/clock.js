// Clocks for playing: one follows a sound, one runs without sound. Both have the same methods.

const JUMP_S = 0.12; // if the smooth time is further from the sound's, it jumps
const PULL = 0.08; // else each call corrects this share of the difference

/** A clock that plays a sound. Browsers give the sound's time in coarse steps; `time()` is smooth. */
export class SoundClock {
  constructor(sound, seconds, onchange) {
    this.seconds = seconds;
    this.audio = new Audio(URL.createObjectURL(sound));
    this.audio.preload = "auto";
    this.shown = 0;
    this.updatedMs = performance.now();
    for (const event of ["play", "pause", "ended", "error"]) {
      this.audio.addEventListener(event, onchange);
    }
  }

  get playing() {
    return !this.audio.paused && !this.audio.ended;
  }

  get failed() {
    return this.audio.error !== null;
  }

  time() {
    const now = performance.now();
    if (this.playing && !this.audio.seeking) {
      this.shown += ((now - this.updatedMs) / 1000) * this.audio.playbackRate;
      const behind = this.audio.currentTime - this.shown;
      this.shown += Math.abs(behind) > JUMP_S ? behind : behind * PULL;
    }
    this.updatedMs = now;
    this.shown = clamp(this.shown, this.seconds);
    return this.shown;
  }

  play() {
    if (this.audio.ended || this.shown >= this.seconds) this.seek(0);
    this.updatedMs = performance.now();
    return this.audio.play();
  }

  pause() {
    this.audio.pause();
  }

  seek(time) {
    this.shown = clamp(time, this.seconds);
    this.audio.currentTime = this.shown;
  }

  set speed(speed) {
    this.audio.playbackRate = speed;
  }
}

/** A clock for an animation without sound. */
export class SilentClock {
  constructor(seconds, onchange) {
    this.seconds = seconds;
    this.onchange = onchange;
    this.rate = 1;
    this.shown = 0;
    this.playing = false;
    this.failed = false;
  }

  time() {
    const now = performance.now();
    if (this.playing) {
      this.shown = clamp(this.shown + ((now - this.updatedMs) / 1000) * this.rate, this.seconds);
      if (this.shown >= this.seconds) this.pause();
    }
    this.updatedMs = now;
    return this.shown;
  }

  async play() {
    if (this.shown >= this.seconds) this.shown = 0;
    this.updatedMs = performance.now();
    this.playing = true;
    this.onchange();
  }

  pause() {
    this.playing = false;
    this.onchange();
  }

  seek(time) {
    this.shown = clamp(time, this.seconds);
  }

  set speed(speed) {
    this.time();
    this.rate = speed;
  }
}

function clamp(time, seconds) {
  return Math.min(Math.max(time, 0), seconds);
}
