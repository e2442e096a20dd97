// Audio worklet, run in the browser's audio thread: sends the microphone's samples to the page.

const CHUNK_S = 0.008; // one message per block of 128 samples, 2.7 ms at 48 kHz, would be too many

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.chunk = new Float32Array(128 * Math.max(1, Math.round((CHUNK_S * sampleRate) / 128)));
    this.filled = 0;
  }

  process([channels]) {
    const [first] = channels;
    if (!first) return true;
    for (let i = 0; i < first.length; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i];
      this.chunk[this.filled++] = sum / channels.length;
    }
    if (this.filled >= this.chunk.length) {
      this.port.postMessage(this.chunk.slice());
      this.filled = 0;
    }
    return true;
  }
}

registerProcessor("capture", Capture);
