// The page that plays an animation: a face, its sound, its curves and the controls of the player.

import { Avatar } from "./avatar.js";
import { Chart, clockText, levelsOf } from "./chart.js";
import { SilentClock, SoundClock } from "./clock.js";
import { Loudness, Track, load, readTracks, readTurns } from "./data.js";
import { fillLegend, updateLegend } from "./legend.js";
import { chooseLines, gapLine } from "./lines.js";
import { openStage, showNotice } from "./notice.js";

const SPEEDS = [1, 0.5, 0.25];
const element = (id) => document.getElementById(id);

class Page {
  constructor(data) {
    this.data = data;
    const changed = () => this.showPlaying();
    this.clock = data.sound
      ? new SoundClock(data.sound, data.seconds, changed)
      : new SilentClock(data.seconds, changed);
    this.tracks = readTracks(data);
    this.byName = new Map(this.tracks.map((track) => [track.name, track]));
    this.turns = readTurns(data);
    this.targets = data.head.targets.map((name) => this.byName.get(name));
    this.chart = this.makeChart();
    this.stage = openStage(element("face"), data);
    if (data.hasSound && !data.sound) showNotice("This browser can't decode the sound.");
    void new Avatar(this.stage, data.head.targets, showNotice, this.refresh).showOwn(data);
    this.showFacts();
    this.showLegend();
    this.listen();
    this.resize();
    this.tick();
  }

  makeChart() {
    const { arrays, lipGap, loudnessRate, seconds, fps } = this.data;
    const gap = Float32Array.from(arrays.lipGap, (step) => step * lipGap.stepMm);
    const lines = chooseLines(this.tracks);
    const content = {
      lines,
      gap: gapLine(new Track("lipGap", gap, fps), lipGap.mostMm),
      loudness: new Loudness(arrays.loudness, loudnessRate),
      levels: levelsOf(lines.map(({ track }) => track)),
      seconds,
    };
    const seek = (time) => this.clock.seek(time);
    return new Chart(element("chart"), element("tip"), content, seek, this.refresh);
  }

  refresh = () => (this.stale = true);

  /** Draw if anything has changed, and ask for the next frame. */
  tick = () => {
    const time = this.clock.time();
    const turned = this.stage?.updateCamera();
    if (turned || this.stale || time !== this.shown) {
      this.stale = false;
      this.shown = time;
      this.stage?.turnHead(this.turns.map((turn) => turn.at(time)));
      this.stage?.draw(this.targets.map((track) => track?.at(time) ?? 0));
      this.chart.draw(time);
      this.showTime(time);
    }
    requestAnimationFrame(this.tick);
  };

  async toggle() {
    if (this.clock.playing) return this.clock.pause();
    try {
      await this.clock.play();
    } catch (error) {
      // A pause before the sound starts is not an error.
      if (error.name !== "AbortError") showNotice(`Can't play the sound: ${error.message}`);
    }
  }

  nextSpeed() {
    this.speed = SPEEDS[(SPEEDS.indexOf(this.speed ?? 1) + 1) % SPEEDS.length];
    this.clock.speed = this.speed;
    element("speed").textContent = { 1: "1×", 0.5: "½×", 0.25: "¼×" }[this.speed];
  }

  showPlaying() {
    const { playing, failed } = this.clock;
    document.body.classList.toggle("playing", playing);
    element("play").setAttribute("aria-label", playing ? "Pause" : "Play");
    if (failed) showNotice("This browser can't play the sound.");
  }

  showTime(time) {
    element("time").value = clockText(time, 2);
    element("seek").value = time;
    element("seek").style.setProperty("--done", time / this.data.seconds);
    updateLegend(this.legend, time);
  }

  showFacts() {
    const { frames, fps, student, seconds } = this.data;
    const facts = [clockText(seconds, 2), `${frames} frames at ${Number(fps.toFixed(3))} fps`];
    element("details").textContent = [...facts, student].filter(Boolean).join(" · ");
    element("seek").max = seconds;
  }

  showLegend() {
    this.legend = fillLegend(element("legend"), this.chart);
  }

  listen() {
    element("play").addEventListener("click", () => this.toggle());
    element("speed").addEventListener("click", () => this.nextSpeed());
    element("seek").addEventListener("input", ({ target }) => this.clock.seek(Number(target.value)));
    document.addEventListener("keydown", (event) => this.onKey(event));
    new ResizeObserver(() => this.resize()).observe(document.body);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.chart.readStyle());
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 1 : 1 / this.data.fps;
    const frame = Math.round(this.clock.time() * this.data.fps) / this.data.fps;
    const actions = {
      " ": () => this.toggle(),
      ArrowLeft: () => this.clock.seek(frame - step),
      ArrowRight: () => this.clock.seek(frame + step),
      Home: () => this.clock.seek(0),
      End: () => this.clock.seek(this.data.seconds),
      s: () => this.nextSpeed(),
    };
    // A button with the focus handles the space bar itself.
    if (!actions[event.key] || (event.key === " " && event.target.closest("button"))) return;
    event.preventDefault();
    actions[event.key]();
  }

  resize() {
    this.chart.resize();
    this.stage?.resize();
  }
}

/** Return `window.marotte`: what tests and scripts can ask the page. */
function hook(page) {
  return {
    ready: true,
    seconds: page.data.seconds,
    names: page.tracks.map(({ name }) => name),
    get playing() {
      return page.clock.playing;
    },
    time: () => page.clock.time(),
    seek: (time) => page.clock.seek(time),
    play: () => void page.clock.play(),
    pause: () => page.clock.pause(),
    /** The value of a control at the current time. */
    control: (name) => page.byName.get(name)?.at(page.clock.time()) ?? 0,
    /** Yaw, pitch (down) and roll of the head in radians at the current time. */
    head: () => page.turns.map((turn) => turn.at(page.clock.time())),
    /** A control of the face as it is drawn. */
    influence: (name) => page.stage.influence(name),
  };
}

load().then(
  (data) => (window.marotte = hook(new Page(data))),
  (error) => showNotice(`This page can't be loaded: ${error.message}`),
);
