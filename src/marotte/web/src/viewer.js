// The live page: sound from a microphone or a file goes to the server, or to the student in the page,
// and the frames that come back move the face.

import { Avatar, isAvatar } from "./avatar.js";
import { listen } from "./controls.js";
import { LiveCurves } from "./curves.js";
import { load } from "./data.js";
import { DelayMeter, localDelay, remoteDelay } from "./delay.js";
import { DevicePicker } from "./devices.js";
import { History } from "./history.js";
import { hook } from "./hook.js";
import { LevelMeter } from "./level.js";
import { Local } from "./local.js";
import { MotionPanel } from "./motion.js";
import { openStage, showNotice } from "./notice.js";
import { Pose } from "./pose.js";
import { Server } from "./socket.js";
import { Microphone, SoundFile } from "./sources.js";
import { showSource, showState, showTime } from "./status.js";
import { Takes } from "./takes.js";

const NOTICE_MS = 6000;
const NO_SOUND_MS = 3000; // a source that delivers nothing for so long does not work
const NO_SOUND = "No sound arrives: check that this browser may play sound and use the microphone.";
const element = (id) => document.getElementById(id);
const tell = (text) => showNotice(text, NOTICE_MS);

class Viewer {
  constructor(data) {
    this.data = data;
    this.pose = new Pose(data.head.targets);
    this.delay = new DelayMeter(element("delay"));
    this.level = new LevelMeter(element("level"));
    const convert = (values, ending) => this.server.convert(values, ending);
    this.takes = new Takes(element("takes"), element("record"), convert, tell);
    this.motion = new MotionPanel(() => this.sendMotion());
    this.devices = new DevicePicker(element("device"), () => this.changeMicrophone());
    this.stream = 0;
    this.stage = openStage(element("face"), data);
    this.avatar = new Avatar(this.stage, data.head.targets, tell, this.refresh);
    void this.avatar.showOwn(data);
    this.server = new (data.local ? Local : Server)({
      hello: (facts) => this.onHello(facts),
      frame: (frame) => this.onFrame(frame),
      sound: (samples, first) => this.onServerSound(samples, first),
      ended: (stream) => this.onEnded(stream),
      notice: tell,
      state: (state, reason) => this.onState(state, reason),
    }, data);
    document.body.classList.toggle("local", Boolean(data.local));
    this.listen();
    this.resize();
    this.tick(performance.now());
  }

  // Messages from the server

  onHello(facts) {
    const changed = JSON.stringify(facts) !== JSON.stringify(this.facts);
    this.facts = facts;
    document.body.classList.toggle("watching", Boolean(facts.source));
    if (changed) this.applyFacts();
    this.sendMotion();
    if (this.source) this.startStream(); // reconnected: the sound goes on as a new stream
    this.showSource();
  }

  /** Set up the history, the choice of students and the chart for the server's rig. */
  applyFacts() {
    const { controls, fps, students } = this.facts;
    const { targets } = this.data.head;
    const { restMm, weightsMm } = this.data.lipGap;
    const index = new Map(targets.map((name, target) => [name, target]));
    const weights = controls.map((name) => weightsMm[index.get(name)] ?? 0);
    this.history = new History(fps, controls, { restMm, weights });
    this.pose.use(this.history);
    const chosen = element("student").value;
    element("student").replaceChildren(...students.map((name, i) => new Option(name, i)));
    if (chosen && chosen < students.length) element("student").value = chosen;
    element("choose").hidden = !students.length;
    this.motion.use(this.facts.source ? null : this.facts.moods);
    this.curves = new LiveCurves(this.history, this.refresh);
  }

  sendMotion() {
    if (this.motion.offered) this.server.motion(this.motion.values);
  }

  onFrame(frame) {
    if (!this.facts.source && frame.stream !== this.stream) return;
    this.history.add(frame);
    this.takes.add(frame);
    this.curves.chart.fit(frame);
    this.active = true;
    this.refresh();
  }

  /** Draw and record the sound of frames that another program makes. */
  onServerSound(samples, first) {
    this.history.nSamples = first;
    this.addSamples(samples);
  }

  onEnded(stream) {
    if (stream !== this.stream) return;
    this.takes.finish();
    if (!this.source) this.active = false;
  }

  onState(state, reason) {
    if (state === "lost" && !this.source) this.active = false;
    showState(state, reason);
    showSource(this.source, this.facts?.source);
  }

  // Sound

  async toggle() {
    if (this.source) return this.close();
    await this.open(this.microphone());
    void this.devices.update();
  }

  microphone() {
    return new Microphone(this.devices.chosen, this.data.local?.capture);
  }

  async changeMicrophone() {
    if (this.source instanceof Microphone) await this.open(this.microphone());
  }

  async play(file) {
    if (isAvatar(file)) return this.avatar.open(file);
    if (this.facts?.source) return tell("This page only watches: it can't play a file.");
    await this.open(new SoundFile(file, (this.delayMs ?? 200) / 1000));
  }

  /** Switch to a new source. */
  async open(source) {
    if (!this.facts) return tell("Not connected to the server yet: wait a moment.");
    if (this.facts.source || this.opening) return;
    if (this.source) this.close();
    this.opening = true;
    try {
      await source.open((samples) => this.onSamples(source, samples));
      source.onend = () => this.source === source && this.close();
      source.onfinished = () => this.server.stop(this.stream);
      this.source = source;
      this.startStream();
      setTimeout(() => this.source === source && !source.nSamples && tell(NO_SOUND), NO_SOUND_MS);
    } catch (error) {
      source.close();
      const denied = error.name === "NotAllowedError" || error.name === "NotFoundError";
      const reason = denied ? "the browser gives no microphone; allow it, or drop a file" : error.message;
      tell(`Can't open the sound: ${reason}.`);
    } finally {
      this.opening = false;
      this.showSource();
    }
  }

  /** Start a new stream with the next samples. */
  startStream() {
    this.takes.finish();
    this.stream += 1;
    this.firstSample = this.source.nSamples;
    this.history.clear();
    this.delay.clear();
    this.active = true;
    const student = Number(element("student").value);
    this.server.start(this.stream, this.source.rate, student, element("smooth").checked);
  }

  onSamples(source, samples) {
    if (source !== this.source) return;
    this.server.sound(this.stream, samples);
    this.addSamples(samples);
  }

  addSamples(samples) {
    this.history.addSamples(samples, this.rate);
    this.takes.addSamples(samples);
    this.level.add(samples);
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

  /** The duration of the stream's sound so far, in seconds. */
  soundTime() {
    return this.history.nSamples / this.rate;
  }

  record() {
    if (this.takes.taking) return this.takes.end(this.soundTime());
    if (!this.source && !this.facts?.source) {
      return tell("There is nothing to record yet: speak (space), or play a file.");
    }
    this.takes.start(this.soundTime(), this.facts, this.rate);
  }

  // The picture

  refresh = () => (this.stale = true);

  tick = (now) => {
    const passedMs = Math.max(now - (this.now ?? now), 0);
    this.now = now;
    const turned = this.stage?.updateCamera();
    const moved = this.updatePose(passedMs);
    this.level.decay(passedMs);
    if (turned || moved || this.stale) this.draw(passedMs);
    requestAnimationFrame(this.tick);
  };

  /** Move the face to the time that is shown, or back to rest; true if it moved. */
  updatePose(passedMs) {
    if (!this.history) return false;
    if (this.active && this.history.newest) return this.pose.follow(this.history, this.shownTime());
    return this.pose.relax(passedMs) || this.level.active;
  }

  draw(passedMs) {
    this.stale = false;
    if (this.active) this.stage?.pace(passedMs);
    this.stage?.turnHead(this.pose.head);
    this.stage?.draw(this.pose.values);
    this.measureDelay();
    if (!this.curves) return;
    const time = this.shownTime();
    this.curves.draw(time);
    showTime(time, this.source);
    this.level.show();
    this.delay.show(this.now);
  }

  /** The time in the stream that is shown: the newest frame, or what a file plays now. */
  shownTime() {
    const { source, history } = this;
    const played = source ? source.position() - this.firstSample / source.rate : Infinity;
    return Math.max(0, Math.min(played, history?.newest?.time ?? 0));
  }

  /** Measure the delay of the frame that is drawn now, once per frame. */
  measureDelay() {
    const { source, facts } = this;
    const frame = this.history?.frame(Math.floor(this.shownTime() * facts.fps + 1e-6));
    if (!frame || frame === this.measured || !(source || facts.source)) return;
    this.measured = frame;
    this.delayMs = frame.delayMs;
    const now = performance.now();
    if (facts.source) this.delay.add(remoteDelay(frame, this.server.roundTripMs ?? 0, now));
    else this.delay.add(localDelay(frame, source, this.firstSample, now));
  }

  showSource() {
    showSource(this.source, this.facts?.source);
    if (!this.source && !this.facts?.source) this.delay.clear();
    this.refresh();
  }

  listen() {
    element("hint").textContent = matchMedia("(pointer: coarse)").matches
      ? "Press the microphone button and speak, or open a sound or an avatar"
      : "Press space and speak, or drop a sound or an avatar";
    listen({
      toggle: () => this.toggle(),
      record: () => this.record(),
      play: (file) => this.play(file),
      choose: () => this.source && this.startStream(),
    });
    new ResizeObserver(() => this.resize()).observe(document.body);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.curves?.chart.readStyle());
  }

  resize() {
    this.curves?.chart.resize();
    this.stage?.resize();
    this.refresh();
  }
}

load().then(
  (data) => (window.marotte = hook(new Viewer(data))),
  (error) => showNotice(`This page can't be loaded: ${error.message}`),
);
