// The curves: lines, lip gap and loudness in, a chart under the face out, which also seeks.

const CLOSEST_PX = 60; // a recording is shown whole while a second of it is no narrower than this
const SECOND_PX = 110; // and else runs past with seconds as wide as this
const NEAR_PX = 16; // a curve this close to the pointer is meant
const MARGIN = { left: 52, right: 22, top: 10, bottom: 24 };
const LANES = { sound: [0, 0.15], controls: [0.2, 0.68], gap: [0.76, 1] }; // shares of the height
const TICKS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];
const TICK_PX = 64; // ticks are no closer
const AHEAD_S = 0.3; // of sound without end, this much is shown that has no face yet
const ROUND = [0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 2, 5, 10];

export class Chart {
  /**
   * @param canvas where to draw
   * @param tip the element that names what the pointer is on
   * @param content `{lines, gap, loudness, levels, seconds}`: lines and gap as `chooseLines` gives
   *   them, loudness with `peak(from, to)` and `loudest`, levels as `levelsOf` does; of sound that
   *   has no end, `seconds` is Infinity, and the chart runs along with it
   * @param seek is called with a time in seconds that the pointer chose; null if it can't choose
   * @param refresh is called when there is something new to draw
   */
  constructor(canvas, tip, content, seek, refresh) {
    Object.assign(this, { canvas, tip, ...content, seek, refresh });
    this.meant = null; // the line that the legend or the pointer is on
    this.pointer = null; // {x, y} in pixels
    this.frozen = null; // the view's beginning while the pointer drags
    this.pen = canvas.getContext("2d");
    this.listen();
    this.restyle();
  }

  /** Read the colours anew: the page turned dark or light. */
  restyle() {
    const style = getComputedStyle(this.canvas);
    this.colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.font = `500 11px ${style.fontFamily}`;
    this.refresh();
  }

  /** Fit the drawing to the screen's pixels. */
  resize() {
    const { clientWidth, clientHeight } = this.canvas.parentElement;
    const scale = Math.min(devicePixelRatio, 3);
    this.canvas.width = Math.round(clientWidth * scale);
    this.canvas.height = Math.round(clientHeight * scale);
    this.pen.setTransform(scale, 0, 0, scale, 0, 0);
    this.width = clientWidth;
    this.right = clientWidth - MARGIN.right;
    this.bottom = clientHeight - MARGIN.bottom;
    const room = this.right - MARGIN.left;
    this.span = this.seconds * CLOSEST_PX <= room ? this.seconds : room / SECOND_PX;
    this.lane = {};
    for (const [name, [from, to]] of Object.entries(LANES)) {
      const height = this.bottom - MARGIN.top;
      this.lane[name] = { top: MARGIN.top + from * height, bottom: MARGIN.top + to * height };
    }
    this.refresh();
  }

  draw(time) {
    const start = Number.isFinite(this.seconds)
      ? clamp(time - this.span / 2, 0, this.seconds - this.span)
      : time + AHEAD_S - this.span;
    this.start = this.frozen ?? start;
    this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.pen.font = this.font;
    this.drawTimes();
    this.drawSound();
    this.drawLevels();
    for (const line of this.lines) if (line !== this.meant) this.drawLine(line, time);
    this.drawGap(time);
    if (this.meant && this.meant !== this.gap) this.drawLine(this.meant, time);
    this.stroke("accent", 1.5, [[this.x(time), MARGIN.top - 4], [this.x(time), this.bottom]]);
    this.showTip();
  }

  drawTimes() {
    const room = this.right - MARGIN.left;
    const step = TICKS_S.find((size) => (size / this.span) * room >= TICK_PX) ?? TICKS_S.at(-1);
    this.pen.textAlign = "center";
    for (let tick = Math.ceil(this.start / step); tick * step <= this.start + this.span; tick++) {
      if (tick < 0) continue;
      const x = Math.round(this.x(tick * step)) + 0.5;
      this.stroke("grid", 1, [[x, MARGIN.top - 4], [x, this.bottom]]);
      this.write(clockText(tick * step, step < 1 ? 1 : 0), x, this.bottom + 16);
    }
  }

  drawSound() {
    const { loudness } = this;
    const { top, bottom } = this.lane.sound;
    this.pen.fillStyle = this.colour("sound");
    for (let x = MARGIN.left; loudness.loudest && x < this.right; x += 3) {
      const peak = loudness.peak(this.time(x), this.time(x + 3)) / loudness.loudest;
      const height = Math.max(1, Math.min(peak, 1) * (bottom - top));
      this.pen.fillRect(x, (top + bottom - height) / 2, 2, height);
    }
  }

  drawLevels() {
    this.pen.textAlign = "right";
    for (const level of this.levels) this.drawLevel(level, this.y(level));
    const { top, bottom } = this.lane.gap;
    this.drawLevel(0, bottom);
    this.write(`${this.gap.most.toFixed(0)} mm`, MARGIN.left - 7, top + 8);
  }

  drawLevel(level, y) {
    const crisp = Math.round(y) + 0.5;
    this.stroke("grid", 1, [[MARGIN.left, crisp], [this.right, crisp]]);
    this.write(String(level), MARGIN.left - 7, crisp + 4);
  }

  drawLine(line, time) {
    if (line.hidden) return;
    this.pen.globalAlpha = this.meant && line !== this.meant ? 0.25 : 1;
    this.stroke(line.colour, line === this.meant ? 3 : 1.75, this.points(line));
    this.drawDot(line.colour, time, this.y(line.track.at(time)));
    this.pen.globalAlpha = 1;
  }

  drawGap(time) {
    const { lane, pen, gap } = this;
    if (gap.hidden) return;
    const y = (mm) => lane.gap.bottom - (Math.max(0, mm) / gap.most) * (lane.gap.bottom - lane.gap.top);
    const points = this.points(gap, y);
    if (!points.length) return;
    this.stroke(gap.colour, gap === this.meant ? 3 : 1.75, points);
    pen.lineTo(points.at(-1)[0], lane.gap.bottom);
    pen.lineTo(points[0][0], lane.gap.bottom);
    pen.fillStyle = this.colour("gap-fill");
    pen.fill();
    this.drawDot(gap.colour, time, y(gap.track.at(time)));
  }

  drawDot(colour, time, y) {
    this.pen.beginPath();
    this.pen.arc(this.x(time), y, 3.2, 0, 2 * Math.PI);
    this.pen.fillStyle = this.colour(colour);
    this.pen.fill();
  }

  stroke(colour, width, points) {
    const { pen } = this;
    pen.strokeStyle = this.colour(colour);
    pen.lineWidth = width;
    pen.lineJoin = "round";
    pen.beginPath();
    for (const [x, y] of points) pen.lineTo(x, y);
    pen.stroke();
  }

  write(text, x, y) {
    this.pen.fillStyle = this.colour("dim");
    this.pen.fillText(text, x, y);
  }

  /** A line's places on the screen, one every other pixel where its track has values. */
  points({ track }, y = (value) => this.y(value)) {
    const points = [];
    for (let x = MARGIN.left; x <= this.right; x += 2) {
      const value = track.at(this.time(x));
      if (!Number.isNaN(value)) points.push([x, y(value)]);
    }
    return points;
  }

  x(time) {
    return MARGIN.left + ((time - this.start) / this.span) * (this.right - MARGIN.left);
  }

  time(x) {
    return this.start + ((x - MARGIN.left) / (this.right - MARGIN.left)) * this.span;
  }

  y(value) {
    const { top, bottom } = this.lane.controls;
    const [low, , high] = this.levels;
    return bottom - ((value - low) / (high - low)) * (bottom - top);
  }

  listen() {
    const { canvas } = this;
    const place = ({ offsetX, offsetY }) => (this.pointer = { x: offsetX, y: offsetY });
    const drag = () => this.seek(clamp(this.time(this.pointer.x), 0, this.seconds));
    const handle = (names, action) => {
      for (const name of names) {
        canvas.addEventListener(name, (event) => {
          action(event);
          this.refresh();
        });
      }
    };
    handle(["pointerdown"], (event) => {
      canvas.setPointerCapture(event.pointerId);
      place(event);
      if (!this.seek) return (this.meant = this.nearest());
      this.frozen = this.start;
      drag();
    });
    handle(["pointermove"], (event) => {
      place(event);
      if (this.frozen !== null) drag();
      else this.meant = this.nearest();
    });
    handle(["pointerup", "pointercancel"], () => (this.frozen = null));
    handle(["pointerleave"], () => (this.pointer = this.meant = null));
  }

  /** The line under the pointer, or null. */
  nearest() {
    const time = this.time(this.pointer.x);
    const away = ({ track }) => Math.abs(this.y(track.at(time)) - this.pointer.y);
    const [line] = this.lines.filter(({ hidden }) => !hidden).sort((a, b) => away(a) - away(b));
    return line && away(line) <= NEAR_PX ? line : null;
  }

  showTip() {
    const { tip, pointer, meant } = this;
    tip.hidden = !pointer || !meant;
    if (tip.hidden) return;
    const time = clamp(this.time(pointer.x), 0, this.seconds);
    const value = meant.track.at(time);
    tip.textContent = `${meant.label} ${meant.text(value)} at ${clockText(time, 2)}`;
    const x = clamp(pointer.x - tip.offsetWidth / 2, 4, this.width - tip.offsetWidth - 4);
    tip.style.transform = `translate(${x}px, ${Math.max(4, this.y(value) - 38)}px)`;
  }
}

/** Round values at the bottom, the middle and the top of what tracks reach. */
export function levelsOf(tracks) {
  let reach = 0;
  let low = 0;
  for (const { values } of tracks) {
    for (const value of values) {
      reach = Math.max(reach, Math.abs(value));
      low = Math.min(low, value);
    }
  }
  const high = roundUp(reach);
  return low < 0 ? [-high, 0, high] : [0, high / 2, high];
}

/** The first round number that isn't below another. */
export function roundUp(value) {
  return ROUND.find((round) => round >= value - 1e-6) ?? value;
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
