// Sources of sound: the microphone, or a file that is played. Both deliver samples in real time, and
// know when their first sample was captured, in ms on the page's clock (performance.now).

import { voiceOf } from "./channels.js";

const RATE = 16000; // Hz, the students' sample rate
const CHUNK_S = 0.008; // a message per block of 128 samples, 2.7 ms at 48 kHz, would be too many for a server
const MAX_DRIFT = 2e-4; // between the clock of the sound and the page's
const HOLD_S = 0.1; // a file's sound is played so much later than the student's delay demands
const START_S = 0.05; // a file starts so long from now
const INTERVAL_MS = 8; // between two blocks of a file
const MAX_FILE_BYTES = 100e6; // the browser holds the whole file in memory

/** The microphone. */
export class Microphone {
  nSamples = 0;
  holdS = 0;
  label = "microphone";

  /**
   * @param device the id of the microphone; empty for the browser's default
   * @param worklet the text of capture.js, for pages without a server
   */
  constructor(device, worklet) {
    this.device = device;
    // The student in the page takes any sample rate, and blocks as they come: both save time.
    this.rate = worklet ? undefined : RATE;
    this.chunkS = worklet ? 0 : CHUNK_S;
    // A page from disk may load no worklet from a blob.
    this.worklet = worklet
      ? `data:text/javascript,${encodeURIComponent(worklet)}`
      : `capture.js${location.search}`;
  }

  /** Ask for the microphone; throws the browser's error if there is none. */
  async open(onsamples) {
    if (!navigator.mediaDevices || !window.AudioWorkletNode) {
      throw new Error(
        "browsers allow the microphone only on https or on this computer: drop a file instead",
      );
    }
    const wanted = { echoCancellation: false, noiseSuppression: false };
    if (this.device) wanted.deviceId = { exact: this.device };
    this.media = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    try {
      await this.capture(this.rate, onsamples);
    } catch {
      // Firefox can't resample a microphone; the server can.
      await this.context?.close();
      await this.capture(undefined, onsamples);
    }
    this.media.getAudioTracks()[0].addEventListener("ended", () => this.onend?.());
  }

  async capture(sampleRate, onsamples) {
    this.context = new AudioContext({ sampleRate, latencyHint: "interactive" });
    this.rate = this.context.sampleRate;
    this.startMs = null;
    await this.context.audioWorklet.addModule(this.worklet);
    const node = new AudioWorkletNode(this.context, "capture", {
      numberOfOutputs: 0,
      processorOptions: { chunkS: this.chunkS },
    });
    node.port.onmessage = ({ data }) => {
      this.nSamples += data.length;
      this.updateStart(data.length);
      onsamples(data);
    };
    this.context.createMediaStreamSource(this.media).connect(node);
    void this.context.resume(); // without await: on machines without sound it never ends
  }

  /** Blocks arrive late, never early: the earliest show when the first sample was captured. */
  updateStart(n) {
    const startMs = performance.now() - (1000 * this.nSamples) / this.rate;
    const driftMs = (1000 * n * MAX_DRIFT) / this.rate;
    this.startMs = Math.min(startMs, (this.startMs ?? startMs) + driftMs);
  }

  /** The time in the sound that is shown: always the newest. */
  position() {
    return Infinity;
  }

  close() {
    this.media?.getTracks().forEach((track) => track.stop());
    void this.context?.close();
  }
}

/** A sound file that is played aloud, late enough for its frames to be there. */
export class SoundFile {
  rate = RATE;
  nSamples = 0;

  constructor(file, delayS) {
    this.file = file;
    this.label = file.name;
    this.holdS = delayS + HOLD_S;
  }

  /** Decode and play the file; throws an error if the browser can't. */
  async open(onsamples) {
    if (this.file.size > MAX_FILE_BYTES) {
      throw new Error(`${this.file.name} is too large for a browser: use marotte animate`);
    }
    this.context = new AudioContext();
    const content = await this.file.arrayBuffer();
    let decoded;
    try {
      decoded = await this.context.decodeAudioData(content);
    } catch {
      throw new Error(`this browser can't decode ${this.file.name}`);
    }
    this.seconds = decoded.duration;
    this.samples = await resample(decoded);
    void this.context.resume();
    this.play(decoded, onsamples);
  }

  play(decoded, onsamples) {
    const node = new AudioBufferSourceNode(this.context, { buffer: decoded });
    node.connect(this.context.destination);
    this.startS = this.context.currentTime + START_S;
    this.startMs = null;
    // The sound leaves the loudspeaker by the output's latency later than it is scheduled.
    const latency = this.context.outputLatency || this.context.baseLatency || 0;
    node.start(Math.max(this.context.currentTime, this.startS + this.holdS - latency));
    this.timer = setInterval(() => this.deliver(onsamples), INTERVAL_MS);
  }

  /** Deliver the samples that are due. */
  deliver(onsamples) {
    const elapsedS = this.context.currentTime - this.startS;
    const end = Math.max(this.nSamples, Math.round(elapsedS * RATE));
    const block = this.samples.subarray(this.nSamples, end);
    if (block.length) {
      this.startMs ??= performance.now() - 1000 * elapsedS;
      onsamples(block);
    }
    this.nSamples += block.length;
    if (this.position() >= this.seconds) this.onend?.();
    else if (this.nSamples === this.samples.length && !this.finished) {
      this.finished = true;
      this.onfinished?.();
    }
  }

  /** The time in the file that is audible now, in seconds. */
  position() {
    return this.context.currentTime - this.startS - this.holdS;
  }

  close() {
    clearInterval(this.timer);
    void this.context?.close();
  }
}

/** Convert a decoded sound to one channel at 16 kHz. */
async function resample(decoded) {
  const length = Math.max(1, Math.ceil(decoded.duration * RATE));
  const offline = new OfflineAudioContext(1, length, RATE);
  const { sampleRate } = decoded;
  const mono = new AudioBuffer({ length: decoded.length, numberOfChannels: 1, sampleRate });
  mono.copyToChannel(voiceOf(decoded), 0);
  const node = new AudioBufferSourceNode(offline, { buffer: mono });
  node.connect(offline.destination);
  node.start();
  return (await offline.startRendering()).getChannelData(0);
}
