// The engine in the browser's audio thread: blocks of 128 samples in, messages of frames out.
import { Engine } from "./engine.js";

class MarotteProcessor extends AudioWorkletProcessor {
  constructor({ processorOptions: { wasm, student, level } }) {
    super();
    this.engine = new Engine(wasm, student, sampleRate, level);
    this.started = null;
    const { names, delay, name } = this.engine;
    this.port.postMessage({ ready: { names, delay, name } });
  }

  process([channels]) {
    if (!channels?.length) return true;
    this.started ??= currentTime;
    this.engine.push(channels[0], (controls, time) =>
      this.port.postMessage({ controls, time: this.started + time }, [controls.buffer]),
    );
    return true;
  }
}

registerProcessor("marotte", MarotteProcessor);
