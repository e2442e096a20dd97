// The chart under the face: curves of controls, lip gap and loudness over time. A click seeks.

const MIN_SECOND_PX = 60; // a recording whose seconds would be narrower is not shown whole:
const SECOND_PX = 110; // it scrolls, with seconds of this width
const NEAR_PX = 16; // the pointer selects a curve within this distance
const MARGIN = { left: 52, right: 22, top: 10, bottom: 24 };
const LANES = { sound: [0, 0.15], controls: [0.2, 0.68], gap: [0.76, 1] }; // as shares of the height
const TICKS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];
const MIN_TICK_PX = 64; // between ticks
const AHEAD_S = 0.3; // a live chart shows so much sound that has no frames yet
const ROUND_NUMBERS = [0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 2, 5, 10];

export class Chart {
  /**
   * @param canvas where to draw
   * @param tip the element with the name and value of the curve at the pointer
   * @param content `{lines, gap, loudness, levels, seconds}`: lines and gap as from `chooseLines` and
   *   `gapLine`; loudness with `peak(from, to)` and `loudest`; levels as from `levelsOf`; seconds is
   *   the duration, or Infinity for a live chart, which scrolls with the sound
   * @param seek called with the time in seconds that the user clicked on, or null
   * @param refresh called when the chart must be drawn again
   */
  constructor(canvas, tip, content, seek, refresh) {
    Object.assign(this, { canvas, tip, ...content, seek, refresh });
    this.highlighted = null; // the line that the pointer is on, here or in the legend
    this.pointer = null; // {x, y} in pixels
    this.frozen = null; // the start of the view while the user drags
    this.context = canvas.getContext("2d");
    this.listen();
    this.readStyle();
  }

  /** Read the colours, which change between dark and light. */
  readStyle() {
    const style = getComputedStyle(this.canvas);
    this.colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.font = `500 11px ${style.fontFamily}`;
    this.refresh();
  }

  /** Fit the chart to its element and the screen's resolution. */
  resize() {
    const { clientWidth, clientHeight } = this.canvas.parentElement;
    const scale = Math.min(devicePixelRatio, 3);
    this.canvas.width = Math.round(clientWidth * scale);
    this.canvas.height = Math.round(clientHeight * scale);
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.width = clientWidth;
    this.right = clientWidth - MARGIN.right;
    this.bottom = clientHeight - MARGIN.bottom;
    const room = this.right - MARGIN.left;
    this.span = this.seconds * MIN_SECOND_PX <= room ? this.seconds : room / SECOND_PX;
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
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.context.font = this.font;
    this.drawTimes();
    this.drawSound();
    this.drawLevels();
    for (const line of this.lines) if (line !== this.highlighted) this.drawLine(line, time);
    this.drawGap(time);
    if (this.highlighted && this.highlighted !== this.gap) this.drawLine(this.highlighted, time);
    this.stroke("accent", 1.5, [[this.x(time), MARGIN.top - 4], [this.x(time), this.bottom]]);
    this.showTip();
  }

  drawTimes() {
    const room = this.right - MARGIN.left;
    const step = TICKS_S.find((size) => (size / this.span) * room >= MIN_TICK_PX) ?? TICKS_S.at(-1);
    this.context.textAlign = "center";
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
    this.context.fillStyle = this.colour("sound");
    for (let x = MARGIN.left; loudness.loudest && x < this.right; x += 3) {
      const peak = loudness.peak(this.time(x), this.time(x + 3)) / loudness.loudest;
      const height = Math.max(1, Math.min(peak, 1) * (bottom - top));
      this.context.fillRect(x, (top + bottom - height) / 2, 2, height);
    }
  }

  drawLevels() {
    this.context.textAlign = "right";
    for (const level of this.levels) this.drawLevel(level, this.y(level));
    const { top, bottom } = this.lane.gap;
    this.drawLevel(0, bottom);
    this.write(`${this.gap.most.toFixed(0)} mm`, MARGIN.left - 7, top + 8);
  }

  drawLevel(level, y) {
    const crisp = Math.round(y) + 0.5; // a sharp line of one pixel
    this.stroke("grid", 1, [[MARGIN.left, crisp], [this.right, crisp]]);
    this.write(String(level), MARGIN.left - 7, crisp + 4);
  }

  drawLine(line, time) {
    if (line.hidden) return;
    this.context.globalAlpha = this.highlighted && line !== this.highlighted ? 0.25 : 1;
    this.stroke(line.colour, line === this.highlighted ? 3 : 1.75, this.points(line));
    this.drawDot(line.colour, time, this.y(line.track.at(time)));
    this.context.globalAlpha = 1;
  }

  drawGap(time) {
    const { lane, context, gap } = this;
    if (gap.hidden) return;
    const y = (mm) => lane.gap.bottom - (Math.max(0, mm) / gap.most) * (lane.gap.bottom - lane.gap.top);
    const points = this.points(gap, y);
    if (!points.length) return;
    this.stroke(gap.colour, gap === this.highlighted ? 3 : 1.75, points);
    context.lineTo(points.at(-1)[0], lane.gap.bottom);
    context.lineTo(points[0][0], lane.gap.bottom);
    context.fillStyle = this.colour("gap-fill");
    context.fill();
    this.drawDot(gap.colour, time, y(gap.track.at(time)));
  }

  drawDot(colour, time, y) {
    this.context.beginPath();
    this.context.arc(this.x(time), y, 3.2, 0, 2 * Math.PI);
    this.context.fillStyle = this.colour(colour);
    this.context.fill();
  }

  stroke(colour, width, points) {
    const { context } = this;
    context.strokeStyle = this.colour(colour);
    context.lineWidth = width;
    context.lineJoin = "round";
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x, y);
    context.stroke();
  }

  write(text, x, y) {
    this.context.fillStyle = this.colour("dim");
    this.context.fillText(text, x, y);
  }

  /** Return a line's points on the screen: every second pixel where its track has a value. */
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
    const movePointer = ({ offsetX, offsetY }) => (this.pointer = { x: offsetX, y: offsetY });
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
      movePointer(event);
      if (!this.seek) return (this.highlighted = this.nearest());
      this.frozen = this.start;
      drag();
    });
    handle(["pointermove"], (event) => {
      movePointer(event);
      if (this.frozen !== null) drag();
      else this.highlighted = this.nearest();
    });
    handle(["pointerup", "pointercancel"], () => (this.frozen = null));
    handle(["pointerleave"], () => (this.pointer = this.highlighted = null));
  }

  /** Return the line under the pointer, or null. */
  nearest() {
    const time = this.time(this.pointer.x);
    const distance = ({ track }) => Math.abs(this.y(track.at(time)) - this.pointer.y);
    const [line] = this.lines.filter(({ hidden }) => !hidden).sort((a, b) => distance(a) - distance(b));
    return line && distance(line) <= NEAR_PX ? line : null;
  }

  showTip() {
    const { tip, pointer, highlighted } = this;
    tip.hidden = !pointer || !highlighted;
    if (tip.hidden) return;
    const time = clamp(this.time(pointer.x), 0, this.seconds);
    const value = highlighted.track.at(time);
    tip.textContent = `${highlighted.label} ${highlighted.text(value)} at ${clockText(time, 2)}`;
    const x = clamp(pointer.x - tip.offsetWidth / 2, 4, this.width - tip.offsetWidth - 4);
    tip.style.transform = `translate(${x}px, ${Math.max(4, this.y(value) - 38)}px)`;
  }
}

/** Return round values at the bottom, middle and top of the tracks' range. */
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

/** Return the smallest round number that is not below a value. */
export function roundUp(value) {
  return ROUND_NUMBERS.find((round) => round >= value - 1e-6) ?? value;
}

/** Format a time in seconds as `0:01.25`. */
export function clockText(time, decimals) {
  const scale = 10 ** decimals;
  const units = Math.floor(time * scale + 1e-6);
  const minutes = Math.floor(units / scale / 60);
  const seconds = (units / scale - minutes * 60).toFixed(decimals);
  return `${minutes}:${seconds.padStart(decimals ? 3 + decimals : 2, "0")}`;
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), Math.max(low, high));
}
