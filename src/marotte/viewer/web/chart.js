// The curves: tracks, lip gap and loudness in, a chart under the face out, which also seeks.

const FULL_S = 9; // up to this long, a recording is shown whole; a longer one runs past
const PIXELS_A_SECOND = 110;
const NEAR_PX = 16; // a curve this close to the pointer is meant
const LANES = { sound: 0.17, controls: 0.56, gap: 0.27 };
const TICKS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];

export class Chart {
  /**
   * @param canvas where to draw
   * @param tip the element that names what the pointer is on
   * @param content `{lines: [{track, colour, label, hidden}], gap, loudness, seconds}`
   * @param clock gives the time to show
   * @param seek is called with a time in seconds that the pointer chose
   */
  constructor(canvas, tip, content, clock, seek) {
    Object.assign(this, { canvas, tip, ...content, clock, seek });
    this.meant = null; // the line that the legend or the pointer is on
    this.pointer = null; // {x, y} in pixels
    this.frozen = null; // the view's start while it is dragged
    this.pen = canvas.getContext("2d");
    this.listen();
    this.restyle();
  }

  /** Read the colours anew: the page turned dark or light. */
  restyle() {
    const style = getComputedStyle(this.canvas);
    this.colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.font = `500 11px ${style.fontFamily}`;
  }

  /** Fit the drawing to the screen's pixels. */
  resize() {
    const { clientWidth, clientHeight } = this.canvas.parentElement;
    const scale = Math.min(devicePixelRatio, 3);
    this.width = clientWidth;
    this.height = clientHeight;
    this.canvas.width = Math.round(clientWidth * scale);
    this.canvas.height = Math.round(clientHeight * scale);
    this.pen.setTransform(scale, 0, 0, scale, 0, 0);
    this.span = this.seconds <= FULL_S ? this.seconds : Math.min(this.seconds, this.width / PIXELS_A_SECOND);
  }

  draw() {
    const { pen, width, height } = this;
    const time = this.clock.time();
    this.start = this.frozen ?? clamp(time - this.span / 2, 0, this.seconds - this.span);
    pen.clearRect(0, 0, width, height);
    let top = 0;
    const lane = (share) => {
      const area = { top: top + 6, height: share * (height - 18) - 12 };
      top += share * (height - 18);
      return area;
    };
    this.drawTicks();
    this.drawSound(lane(LANES.sound));
    this.controls = lane(LANES.controls);
    this.drawControls();
    this.drawGap(lane(LANES.gap));
    this.drawMoment(time);
    this.showTip();
  }

  drawTicks() {
    const { pen, height } = this;
    const step = TICKS_S.find((size) => this.x(this.start + size) >= 64) ?? TICKS_S.at(-1);
    pen.font = this.font;
    pen.textAlign = "center";
    for (let tick = Math.ceil(this.start / step); tick * step <= this.start + this.span; tick++) {
      const x = Math.round(this.x(tick * step)) + 0.5;
      this.line("grid", 1, [[x, 0], [x, height - 18]]);
      if (x > 14 && x < this.width - 14) {
        pen.fillStyle = this.colour("dim");
        pen.fillText(clockText(tick * step, step < 1 ? 1 : 0), x, height - 4);
      }
    }
  }

  drawSound({ top, height }) {
    const { samples, rate } = this.loudness;
    if (samples.length) {
      const middle = top + height / 2;
      const { pen } = this;
      pen.fillStyle = this.colour("sound");
      for (let x = 0; x < this.width; x += 3) {
        const from = Math.floor(this.time(x) * rate);
        const to = Math.max(from + 1, Math.floor(this.time(x + 3) * rate));
        let peak = 0;
        for (let i = from; i < Math.min(to, samples.length); i++) peak = Math.max(peak, samples[i]);
        const half = Math.max(0.5, (peak / 255) * (height / 2));
        pen.fillRect(x, middle - half, 2, 2 * half);
      }
    }
    this.caption("sound", top);
  }

  drawControls() {
    const { top, height } = this.controls;
    for (const level of [0, 0.5, 1]) {
      const y = Math.round(top + height * (1 - level)) + 0.5;
      this.line("grid", 1, [[0, y], [this.width, y]]);
    }
    for (const line of this.lines) {
      if (line.hidden || line === this.meant) continue;
      this.curve(line, this.meant ? 0.25 : 1, 1.75);
    }
    if (this.meant && !this.meant.hidden) this.curve(this.meant, 1, 2.75);
    this.caption("controls, 0 to 1", top);
  }

  drawGap({ top, height }) {
    const { pen, gap } = this;
    const scale = height / gap.mostMm;
    const points = this.points((time) => top + height - Math.max(0, gap.track.at(time)) * scale);
    pen.beginPath();
    pen.moveTo(0, top + height);
    for (const [x, y] of points) pen.lineTo(x, y);
    pen.lineTo(points.at(-1)[0], top + height);
    pen.closePath();
    pen.fillStyle = this.colour("gap-fill");
    pen.fill();
    this.line("gap", 1.75, points);
    const now = Math.max(0, gap.track.at(this.clock.time())).toFixed(1);
    this.caption(`lip gap, ${now} mm of ${gap.mostMm.toFixed(0)}`, top);
  }

  drawMoment(time) {
    const x = this.x(time);
    this.line("accent", 2, [[x, 0], [x, this.height - 18]]);
    const { pen } = this;
    for (const { track, colour, hidden } of this.lines) {
      if (hidden) continue;
      pen.beginPath();
      pen.arc(x, this.level(track.at(time)), 3.2, 0, 2 * Math.PI);
      pen.fillStyle = this.colour(colour);
      pen.fill();
    }
  }

  curve({ track, colour }, opacity, width) {
    this.pen.globalAlpha = opacity;
    this.line(colour, width, this.points((time) => this.level(track.at(time))));
    this.pen.globalAlpha = 1;
  }

  line(colour, width, points) {
    const { pen } = this;
    pen.strokeStyle = this.colour(colour);
    pen.lineWidth = width;
    pen.lineJoin = "round";
    pen.beginPath();
    for (const [x, y] of points) pen.lineTo(x, y);
    pen.stroke();
  }

  caption(text, top) {
    const { pen } = this;
    pen.font = this.font;
    pen.textAlign = "left";
    pen.lineWidth = 4;
    pen.strokeStyle = this.colour("panel");
    pen.strokeText(text, 12, top + 9);
    pen.fillStyle = this.colour("dim");
    pen.fillText(text, 12, top + 9);
  }

  /** A curve's places on the screen, a point every other pixel. */
  points(height) {
    const points = [];
    for (let x = 0; x <= this.width; x += 2) points.push([x, height(this.time(x))]);
    return points;
  }

  x(time) {
    return ((time - this.start) / this.span) * this.width;
  }

  time(x) {
    return this.start + (x / this.width) * this.span;
  }

  level(value) {
    return this.controls.top + this.controls.height * (1 - value);
  }

  listen() {
    const { canvas } = this;
    const place = ({ offsetX, offsetY }) => (this.pointer = { x: offsetX, y: offsetY });
    const drag = () => this.seek(clamp(this.time(this.pointer.x), 0, this.seconds));
    const leave = () => (this.pointer = this.meant = null);
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.frozen = this.start;
      place(event);
      drag();
    });
    canvas.addEventListener("pointermove", (event) => {
      place(event);
      if (this.frozen !== null) drag();
      else this.meant = this.nearest();
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => (this.frozen = null));
    }
    canvas.addEventListener("pointerleave", leave);
  }

  /** The line under the pointer, or null. */
  nearest() {
    const time = this.time(this.pointer.x);
    const away = ({ track }) => Math.abs(this.level(track.at(time)) - this.pointer.y);
    const shown = this.lines.filter(({ hidden }) => !hidden);
    const line = shown.reduce((best, next) => (best && away(best) <= away(next) ? best : next), null);
    return line && away(line) <= NEAR_PX ? line : null;
  }

  showTip() {
    const { tip, pointer, meant } = this;
    tip.hidden = !pointer || !meant;
    if (tip.hidden) return;
    const time = clamp(this.time(pointer.x), 0, this.seconds);
    tip.textContent = `${meant.label} ${meant.track.at(time).toFixed(2)} at ${clockText(time, 2)}`;
    const x = clamp(pointer.x - tip.offsetWidth / 2, 4, this.width - tip.offsetWidth - 4);
    tip.style.transform = `translate(${x}px, ${Math.max(4, this.level(meant.track.at(time)) - 36)}px)`;
  }
}

/** A time in seconds as `0:01.25`. */
export function clockText(time, decimals) {
  const size = 10 ** decimals;
  const whole = Math.floor(time * size + 1e-6);
  const minutes = Math.floor(whole / size / 60);
  const seconds = (whole / size - minutes * 60).toFixed(decimals);
  return `${minutes}:${seconds.padStart(decimals ? 3 + decimals : 2, "0")}`;
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), Math.max(low, high));
}
