// Audio worklet, run in the browser's audio thread: sends the microphone's samples to the page.

import { soundingChannels } from "./channels.js";

const KEPT = 0.999; // of the measured powers per block of 128 samples: about three seconds
const BLOCK = 128; // samples, as browsers deliver them

class Capture extends AudioWorkletProcessor {
  /** `chunkS` of the options: the length of a message in seconds; a block at least. */
  constructor({ processorOptions: { chunkS } }) {
    super();
    this.chunk = new Float32Array(BLOCK * Math.max(1, Math.round((chunkS * sampleRate) / BLOCK)));
    this.filled = 0;
    this.powers = [];
    this.sumPower = 0;
  }

  /** Measure a block, and return the channels that hold the voice. */
  sounding(channels) {
    if (channels.length === 1) return channels;
    if (this.powers.length !== channels.length) this.powers = channels.map(() => 0);
    this.sumPower *= KEPT;
    channels.forEach((channel, at) => {
      this.powers[at] = KEPT * this.powers[at] + channel.reduce((sum, sample) => sum + sample * sample, 0);
    });
    for (let i = 0; i < channels[0].length; i++) {
      this.sumPower += channels.reduce((sum, channel) => sum + channel[i], 0) ** 2;
    }
    return soundingChannels(this.powers, this.sumPower).map((at) => channels[at]);
  }

  process([inputs]) {
    if (!inputs.length) return true;
    const channels = this.sounding(inputs);
    const [first] = channels;
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
