// Where sound comes from: the microphone, or a file that is played. Both hand on samples in real time,
// and know on the page's clock (performance.now) when their first sample was heard.

const RATE = 16000; // what students hear
const DRIFT = 2e-4; // sound's clock and the page's differ by less
const HOLD_S = 0.1; // beyond the student's delay, a file's sound waits for its frames
const START_S = 0.05; // from now, a file begins
const PUMP_MS = 8;
const MOST_BYTES = 100e6; // of a file: the browser holds all of it in memory

/** The microphone. */
export class Microphone {
  heard = 0; // samples
  holdS = 0;
  label = "microphone";

  /** Ask for the microphone; throws what the browser says when it gives none. */
  async open(onsamples) {
    if (!navigator.mediaDevices || !window.AudioWorkletNode) {
      throw new Error(
        "browsers give the microphone only to pages of this machine or of https: drop a file instead",
      );
    }
    const wanted = { channelCount: 1, echoCancellation: false, noiseSuppression: false };
    this.media = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    try {
      await this.listen(RATE, onsamples);
    } catch {
      // Firefox can't bring a microphone to another rate than its own; the server can.
      await this.context?.close();
      await this.listen(undefined, onsamples);
    }
    this.media.getAudioTracks()[0].addEventListener("ended", () => this.onend?.());
  }

  async listen(sampleRate, onsamples) {
    this.context = new AudioContext({ sampleRate, latencyHint: "interactive" });
    this.rate = this.context.sampleRate;
    this.zero = null;
    await this.context.audioWorklet.addModule(`capture.js${location.search}`);
    const node = new AudioWorkletNode(this.context, "capture", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => {
      this.heard += data.length;
      this.keepTime(data.length);
      onsamples(data);
    };
    this.context.createMediaStreamSource(this.media).connect(node);
    void this.context.resume(); // where there is no sound at all, it never ends
  }

  /** Messages come late, never early: the earliest tell when the first sample was heard. */
  keepTime(n) {
    const zero = performance.now() - (1000 * this.heard) / this.rate;
    const allowed = (1000 * n * DRIFT) / this.rate;
    this.zero = Math.min(zero, (this.zero ?? zero) + allowed);
  }

  /** The newest frame is shown at once. */
  position() {
    return Infinity;
  }

  close() {
    this.media?.getTracks().forEach((track) => track.stop());
    void this.context?.close();
  }
}

/** A sound file, played aloud: its sound is held back until its frames are there. */
export class SoundFile {
  rate = RATE;
  heard = 0; // samples

  constructor(file, delayS) {
    this.file = file;
    this.label = file.name;
    this.holdS = delayS + HOLD_S;
  }

  /** Decode the file; throws when the browser can't. */
  async open(onsamples) {
    if (this.file.size > MOST_BYTES) {
      throw new Error(`${this.file.name} is longer than a browser likes: use marotte animate`);
    }
    this.context = new AudioContext();
    const content = await this.file.arrayBuffer();
    let decoded;
    try {
      decoded = await this.context.decodeAudioData(content);
    } catch {
      throw new Error(`this browser can't read ${this.file.name} as sound`);
    }
    this.seconds = decoded.duration;
    this.samples = await asHeard(decoded);
    void this.context.resume();
    this.play(decoded, onsamples);
  }

  play(decoded, onsamples) {
    const node = new AudioBufferSourceNode(this.context, { buffer: decoded });
    node.connect(this.context.destination);
    // In the clock of the sound that is heard, which runs behind the one that is made.
    this.zeroS = this.context.currentTime + START_S;
    this.zero = null;
    const late = this.context.outputLatency || this.context.baseLatency || 0;
    node.start(Math.max(this.context.currentTime, this.zeroS + this.holdS - late));
    this.pump = setInterval(() => {
      const until = Math.round((this.context.currentTime - this.zeroS) * RATE);
      const piece = this.samples.subarray(this.heard, Math.max(this.heard, until));
      if (piece.length) {
        this.zero ??= performance.now() - 1000 * (this.context.currentTime - this.zeroS);
        onsamples(piece);
      }
      this.heard += piece.length;
      if (this.position() >= this.seconds) this.onend?.();
      else if (this.heard === this.samples.length && !this.told) {
        this.told = true;
        this.onfinished?.();
      }
    }, PUMP_MS);
  }

  /** What moment of the file is heard now, in seconds. */
  position() {
    return this.context.currentTime - this.zeroS - this.holdS;
  }

  close() {
    clearInterval(this.pump);
    void this.context?.close();
  }
}

/** A decoded sound as the student hears it: one channel at 16 kHz. */
async function asHeard(decoded) {
  const length = Math.max(1, Math.ceil(decoded.duration * RATE));
  const offline = new OfflineAudioContext(1, length, RATE);
  const node = new AudioBufferSourceNode(offline, { buffer: decoded });
  node.connect(offline.destination);
  node.start();
  return (await offline.startRendering()).getChannelData(0);
}
