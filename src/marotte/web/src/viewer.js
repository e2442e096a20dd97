// The live page: a microphone or a file in, a face that says it at once, and takes to download.

import { clockText } from "./chart.js";
import { listen } from "./controls.js";
import { load } from "./data.js";
import { DelayMeter } from "./delay.js";
import { History } from "./history.js";
import { fillLegend } from "./legend.js";
import { LiveChart } from "./livechart.js";
import { notice, openStage } from "./notice.js";
import { Server } from "./socket.js";
import { Microphone, SoundFile } from "./sources.js";
import { Takes } from "./takes.js";

const REST_MS = 120; // a face without sound goes back to rest with this time constant
const NOTICE_MS = 6000;
const QUIET_DB = -60;
const FALL_DB = 0.05; // a ms, of the level that is shown
const DEAF_MS = 3000; // without sound for so long, something is wrong
const DEAF = "No sound comes yet: see that sound works in this browser, and that it may be used.";
const STATES = { connected: "ready", lost: "no server, trying again" };
const element = (id) => document.getElementById(id);

class Viewer {
  constructor(data) {
    this.data = data;
    this.targets = data.head.targets;
    this.values = new Float32Array(this.targets.length);
    this.delay = new DelayMeter(element("delay"));
    this.takes = new Takes(element("takes"), element("record"), say);
    this.stream = 0;
    this.level = QUIET_DB;
    this.turn = [0, 0, 0];
    this.stage = openStage(element("face"), data);
    this.server = new Server({
      hello: (facts) => this.meet(facts),
      frame: (frame) => this.receive(frame),
      heard: (samples, first) => this.overhear(samples, first),
      ended: (stream) => this.ended(stream),
      notice: say,
      state: (state, reason) => this.showState(state, reason),
    });
    this.listen();
    this.resize();
    this.tick(performance.now());
  }

  // The server

  meet(facts) {
    const changed = JSON.stringify(facts) !== JSON.stringify(this.facts);
    this.facts = facts;
    document.body.classList.toggle("watching", Boolean(facts.source));
    if (changed) this.prepare();
    if (this.source) this.begin(); // the server is back: what is heard goes on as a new stream
    this.showSource();
  }

  /** Get ready for what this server sends. */
  prepare() {
    const { controls, fps, students } = this.facts;
    const { restMm, weightsMm } = this.data.lipGap;
    const place = new Map(this.targets.map((name, target) => [name, target]));
    const weights = controls.map((name) => weightsMm[place.get(name)] ?? 0);
    this.history = new History(fps, controls, { restMm, weights });
    this.columns = this.targets.map((name) => this.history.columns.get(name) ?? -1);
    const chosen = element("student").value;
    element("student").replaceChildren(...students.map((name, i) => new Option(name, i)));
    if (chosen && chosen < students.length) element("student").value = chosen;
    element("choose").hidden = !students.length;
    this.makeChart();
  }

  makeChart() {
    element("chart").replaceWith(element("chart").cloneNode()); // without the last one's listeners
    this.chart = new LiveChart(element("chart"), element("tip"), this.history, this.refresh);
    element("legend").replaceChildren();
    this.legend = fillLegend(element("legend"), this.chart);
    this.chart.resize();
  }

  /** A frame has come. */
  receive(frame) {
    if (!this.facts.source && frame.stream !== this.stream) return;
    this.history.add(frame);
    this.takes.add(frame);
    this.chart.fit(frame);
    this.active = true;
    this.refresh();
  }

  ended(stream) {
    if (stream !== this.stream) return;
    this.takes.finish();
    if (!this.source) this.active = false;
  }

  // Sound

  async toggle() {
    if (this.source) return this.close();
    await this.hear(new Microphone());
  }

  async play(file) {
    if (this.facts?.source) return say("This page watches: it can't play a file.");
    await this.hear(new SoundFile(file, (this.delayMs ?? 200) / 1000));
  }

  /** Hear a new source from now on. */
  async hear(source) {
    if (!this.facts) return say("There is no server yet: wait a moment.");
    if (this.facts.source || this.opening) return;
    if (this.source) this.close();
    this.opening = true;
    try {
      await source.open((samples) => this.heard(source, samples));
      source.onend = () => this.source === source && this.close();
      source.onfinished = () => this.server.stop(this.stream);
      this.source = source;
      this.begin();
      setTimeout(() => this.source === source && !source.heard && say(DEAF), DEAF_MS);
    } catch (error) {
      source.close();
      const refused = error.name === "NotAllowedError" || error.name === "NotFoundError";
      const why = refused ? "the browser gives no microphone; allow it, or drop a file" : error.message;
      say(`This can't be heard: ${why}.`);
    } finally {
      this.opening = false;
      this.showSource();
    }
  }

  /** Begin a stream with the sound that comes next. */
  begin() {
    this.takes.finish();
    this.stream += 1;
    this.started = this.source.heard;
    this.history.clear();
    this.delay.clear();
    this.active = true;
    const student = Number(element("student").value);
    this.server.start(this.stream, this.source.rate, student, element("smooth").checked);
  }

  heard(source, samples) {
    if (source !== this.source) return;
    this.server.sound(this.stream, samples);
    this.note(samples);
  }

  /** Sound of frames that are made elsewhere. */
  overhear(samples, first) {
    this.history.nSamples = first;
    this.note(samples);
  }

  note(samples) {
    this.history.hear(samples, this.rate);
    this.takes.hear(samples);
    this.meter(samples);
    this.refresh();
  }

  close() {
    this.takes.end(this.soundTime());
    this.server.stop(this.stream);
    this.source.close();
    this.source = null;
    this.active = false;
    this.showSource();
  }

  get rate() {
    return this.source?.rate ?? this.facts.rate;
  }

  /** How much of the stream's sound is heard, in seconds. */
  soundTime() {
    return this.history.nSamples / this.rate;
  }

  meter(samples) {
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    const level = Math.max(QUIET_DB, 10 * Math.log10(power + 1e-9));
    this.level = Math.max(this.level, Math.min(0, level));
  }

  record() {
    if (this.takes.taking) return this.takes.end(this.soundTime());
    if (!this.source && !this.facts?.source) {
      return say("There is nothing to record yet: speak (space), or play a file.");
    }
    this.takes.begin(this.soundTime(), this.facts, this.rate);
  }

  // The picture

  refresh = () => (this.stale = true);

  tick = (now) => {
    const passed = Math.max(now - (this.now ?? now), 0);
    this.now = now;
    const turned = this.stage?.turn();
    const moved = this.pose(passed);
    this.level = Math.max(QUIET_DB, this.level - FALL_DB * passed);
    if (turned || moved || this.stale) this.draw();
    requestAnimationFrame(this.tick);
  };

  draw() {
    this.stale = false;
    this.stage?.face(this.turn);
    this.stage?.draw(this.values);
    this.measure();
    if (!this.chart) return;
    const time = this.shownTime();
    this.chart.draw(time);
    this.showTime(time);
  }

  /** The moment of the stream that is shown: the newest, or what is heard now of a file. */
  shownTime() {
    const { source, history } = this;
    const heard = source ? source.position() - this.started / source.rate : Infinity;
    return Math.max(0, Math.min(heard, history?.newest?.time ?? 0));
  }

  /** Bring the face to this moment; true when it moved. */
  pose(passed) {
    if (!this.history) return false;
    if (this.active && this.history.newest) {
      const time = this.shownTime();
      const moved = time !== this.posed;
      this.posed = time;
      this.columns.forEach((column, target) => {
        const value = column < 0 ? 0 : this.history.at(time, (frame) => frame.controls[column]);
        if (!Number.isNaN(value)) this.values[target] = value;
      });
      this.turn = this.history.newest.turn;
      return moved;
    }
    const left = this.values.some((value) => value !== 0);
    const kept = Math.exp(-passed / REST_MS);
    this.values.forEach((value, target) => {
      this.values[target] = Math.abs(value) > 1e-3 ? value * kept : 0;
    });
    this.turn = this.turn.map((angle) => angle * kept);
    return left || this.level > QUIET_DB;
  }

  /** Take the times of the frame that is drawn now, if it is a new one. */
  measure() {
    const { source, facts } = this;
    const frame = this.history?.frame(Math.floor(this.shownTime() * facts.fps + 1e-6));
    if (!frame || frame === this.measured || !(source || facts.source)) return;
    this.measured = frame;
    this.delayMs = frame.delayMs;
    const now = performance.now();
    if (facts.source) {
      const transport = (this.server.roundTripMs ?? 0) / 2;
      return this.delay.add([frame.delayMs, transport, frame.serverMs, 0, now - frame.arrived]);
    }
    const heard = source.zero + (1000 * this.started) / source.rate + 1000 * frame.time;
    const transport = Math.max(0, frame.arrived - heard - frame.delayMs - frame.serverMs);
    const due = Math.max(frame.arrived, heard + 1000 * source.holdS);
    this.delay.add([frame.delayMs, transport, frame.serverMs, due - frame.arrived, now - due]);
  }

  // What is said

  showTime(time) {
    const { source } = this;
    const place = source?.seconds && Math.min(Math.max(0, source.position()), source.seconds);
    const text = clockText(place ?? time, 1);
    element("time").value = source?.seconds ? `${text} of ${clockText(source.seconds, 1)}` : text;
    const level = element("level");
    level.style.setProperty("--level", 1 - this.level / QUIET_DB);
    level.setAttribute("aria-valuenow", Math.round(this.level));
    this.delay.show(this.now);
    for (const { value, line } of this.legend) {
      const now = line.track.at(time);
      value.textContent = Number.isNaN(now) ? "" : line.text(now);
    }
  }

  showState(state, reason) {
    if (state === "lost" && !this.source) this.active = false;
    element("state").dataset.state = state;
    const text = this.facts?.source && state === "connected" ? "watching" : STATES[state];
    element("state").textContent = text + (reason ? ` (${reason})` : "");
  }

  showSource() {
    const { source, facts } = this;
    const button = element("mic");
    document.body.classList.toggle("hearing", Boolean(source));
    button.setAttribute("aria-pressed", String(Boolean(source)));
    button.setAttribute("aria-label", source ? `Stop: ${source.label}` : "Microphone");
    element("source").textContent = facts?.source || source?.label || "microphone off";
    element("hint").hidden = Boolean(source || facts?.source);
    if (!source && !facts?.source) this.delay.clear();
    this.refresh();
  }

  listen() {
    element("hint").textContent = matchMedia("(pointer: coarse)").matches
      ? "Press the microphone and speak, or play a file"
      : "Press space and speak, or drop a sound file";
    listen({
      toggle: () => this.toggle(),
      record: () => this.record(),
      play: (file) => this.play(file),
      choose: () => this.source && this.begin(),
    });
    new ResizeObserver(() => this.resize()).observe(document.body);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.chart?.restyle());
  }

  resize() {
    this.chart?.resize();
    this.stage?.resize();
    this.refresh();
  }
}

function say(text) {
  notice(text, NOTICE_MS);
}

/** What tests, and whoever is curious, may ask of the page. */
function hook(viewer) {
  return {
    ready: true,
    get state() {
      return element("state").dataset.state;
    },
    get hearing() {
      return viewer.source?.label ?? "";
    },
    get frames() {
      return viewer.history?.newest ? Math.round(viewer.history.newest.time * viewer.facts.fps) + 1 : 0;
    },
    get stream() {
      return viewer.stream;
    },
    get level() {
      return viewer.level;
    },
    get delay() {
      return { totalMs: viewer.delay.totalMs, parts: viewer.delay.means };
    },
    /** The moment of the sound that the face shows. */
    get time() {
      return viewer.posed ?? 0;
    },
    /** A control of the newest frame. */
    control: (name) => viewer.history?.newest?.controls[viewer.history.columns.get(name)] ?? 0,
    /** The gap between the lips of the newest frame, in mm. */
    gap: () => viewer.history?.newest?.gap ?? 0,
    /** How far the drawn face has moved a control. */
    influence: (name) => viewer.stage.mesh.morphTargetInfluences[viewer.targets.indexOf(name)],
  };
}

load().then(
  (data) => (window.marotte = hook(new Viewer(data))),
  (error) => notice(`This page can't be read: ${error.message}`),
);
