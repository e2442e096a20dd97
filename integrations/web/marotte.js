// A voice in the browser to the curves of a face. See README.md.
import { Engine } from "./engine.js";

export { Engine };

const bytesOf = async (source) => {
  if (source instanceof ArrayBuffer) return source;
  if (ArrayBuffer.isView(source)) return new Uint8Array(source).buffer;
  const answer = await fetch(source);
  if (!answer.ok) throw new Error(`marotte: can't load ${source}: ${answer.status}`);
  return answer.arrayBuffer();
};

/** Load a student; `student` and `wasm` are addresses or bytes. */
export async function open({
  student,
  wasm = new URL("marotte.wasm", import.meta.url),
  worklet = new URL("worklet.js", import.meta.url),
  level = true,
}) {
  const [code, file] = await Promise.all([bytesOf(wasm), bytesOf(student)]);
  return new Face(code, file, worklet, level);
}

export class Face {
  constructor(wasm, student, worklet, level = true) {
    this.wasm = wasm;
    this.student = student;
    this.worklet = worklet;
    this.level = level;
    this.onframe = null;
    const { names, delay, name } = new Engine(wasm, student, 48000); // refuses a wrong file at once
    Object.assign(this, { names, delay, name });
  }

  /** Follow a voice: a MediaStream, an audio or video element, or a node of an AudioContext. */
  async listen(source) {
    this.stop();
    const isNode = typeof AudioNode !== "undefined" && source instanceof AudioNode;
    const context = isNode ? source.context : new AudioContext();
    await context.audioWorklet.addModule(this.worklet);
    await context.resume();
    const from = isNode
      ? source
      : source instanceof MediaStream
        ? context.createMediaStreamSource(source)
        : context.createMediaElementSource(source);
    const { wasm, student, level } = this;
    this.node = new AudioWorkletNode(context, "marotte", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
      processorOptions: { wasm, student, level },
    });
    this.context = isNode ? null : context;
    this.from = from;
    const ready = new Promise((resolve, reject) => {
      this.node.onprocessorerror = () => reject(new Error("marotte: the audio worklet failed"));
      this.node.port.onmessage = ({ data }) =>
        data.ready ? resolve() : this.onframe?.(data.controls, data.time);
    });
    from.connect(this.node);
    if (!isNode && !(source instanceof MediaStream)) from.connect(context.destination);
    await ready;
  }

  /** Return all frames of mono samples, as [{ time, controls }]. */
  animate(samples, rate) {
    const engine = new Engine(this.wasm, this.student, rate, this.level);
    const frames = [];
    const keep = (controls, time) => frames.push({ time, controls });
    engine.push(samples, keep);
    engine.flush(keep);
    return frames;
  }

  /** Stop following the voice. */
  stop() {
    this.from?.disconnect();
    this.node?.port.close();
    this.context?.close();
    this.from = this.node = this.context = null;
  }
}
