// The page: data in, a face that speaks, its curves, and the means to play them out.

import { Chart, clockText, levelsOf } from "./chart.js";
import { SilentClock, SoundClock } from "./clock.js";
import { Loudness, Track, load, readTracks } from "./data.js";
import { fillLegend } from "./legend.js";
import { chooseLines, gapLine } from "./lines.js";
import { notice, openStage } from "./notice.js";

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
    this.targets = data.head.targets.map((name) => this.byName.get(name));
    this.chart = this.makeChart();
    this.stage = openStage(element("face"), data);
    if (data.hasSound && !data.sound) notice("This browser can't decode the sound.");
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

  /** Show this moment if anything about it is new, and ask for the next. */
  tick = () => {
    const time = this.clock.time();
    const turned = this.stage?.turn();
    if (turned || this.stale || time !== this.shown) {
      this.stale = false;
      this.shown = time;
      this.stage?.draw(this.targets.map((track) => track.at(time)));
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
      // A pause that comes before the sound begins is no failure.
      if (error.name !== "AbortError") notice(`The sound can't be played: ${error.message}`);
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
    if (failed) notice("This browser can't play the sound.");
  }

  showTime(time) {
    element("time").value = clockText(time, 2);
    element("seek").value = time;
    element("seek").style.setProperty("--done", time / this.data.seconds);
    for (const { value, line } of this.legend) value.textContent = line.text(line.track.at(time));
  }

  showFacts() {
    const { frames, fps, student, seconds } = this.data;
    const facts = [clockText(seconds, 2), `${frames} frames at ${Number(fps.toFixed(3))} a second`];
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
    document.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.resize()).observe(document.body);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.chart.restyle());
  }

  key(event) {
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
    // A button that has the focus keeps its space bar.
    if (!actions[event.key] || (event.key === " " && event.target.closest("button"))) return;
    event.preventDefault();
    actions[event.key]();
  }

  resize() {
    this.chart.resize();
    this.stage?.resize();
  }
}

/** What tests, and whoever is curious, may ask of the page. */
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
    /** A control's value now. */
    control: (name) => page.byName.get(name)?.at(page.clock.time()) ?? 0,
    /** How far the drawn face has moved a control. */
    influence: (name) => page.stage.mesh.morphTargetInfluences[page.data.head.targets.indexOf(name)],
  };
}

load().then(
  (data) => (window.marotte = hook(new Page(data))),
  (error) => notice(`This page can't be read: ${error.message}`),
);
