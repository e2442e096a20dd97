// The C library in WebAssembly: samples in, faces out. It uses no other API of a browser, so that it
// also runs in an audio worklet, in a worker and in Node.

const TEXT = (bytes) => String.fromCharCode(...bytes); // worklets have no TextDecoder

export class Engine {
  /**
   * @param {BufferSource} wasm the bytes of marotte.wasm
   * @param {ArrayBuffer} student the bytes of a .mrt file
   * @param {number} rate the sample rate of the sound to come, in Hz
   * @param {boolean} level whether quiet and loud speech is brought to a usual level
   */
  constructor(wasm, student, rate, level = true) {
    this.run = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports;
    this.top = this.run.__heap_base.value;
    const file = this.take(student.byteLength);
    this.bytes(file, student.byteLength).set(new Uint8Array(student));
    this.student = this.take(this.run.marotte_student_size(file, student.byteLength));
    this.check(this.run.marotte_student_init(this.student, file, student.byteLength));
    this.voice = this.take(this.run.marotte_voice_size(this.student, rate));
    this.check(this.run.marotte_voice_init(this.voice, this.student, rate));
    this.run.marotte_follow_level(this.voice, level ? 1 : 0);
    const info = this.take(48); // three pointers, a number and two doubles
    this.run.marotte_student_info(info, this.student);
    const view = new DataView(this.run.memory.buffer, info);
    this.name = this.text(view.getUint32(0, true));
    this.delay = view.getFloat64(24, true);
    this.names = [];
    for (let i = 0; i < view.getInt32(12, true); i++)
      this.names.push(this.text(this.run.marotte_control_name(this.student, i)));
    this.block = 4096;
    this.input = this.take(4 * this.block);
    this.face = this.take(4 * this.names.length);
    this.time = this.take(8);
  }

  /** Take in samples; call `show(controls, time)` for each frame that they complete. */
  push(samples, show) {
    for (let first = 0; first < samples.length; first += this.block) {
      const part = samples.subarray(first, first + this.block);
      new Float32Array(this.run.memory.buffer, this.input, part.length).set(part);
      for (let at = 0; at < part.length; ) {
        at += this.run.marotte_push(this.voice, this.input + 4 * at, part.length - at);
        this.frames(show);
      }
    }
  }

  /** End the sound; call `show(controls, time)` for each of the last frames. */
  flush(show) {
    this.run.marotte_flush(this.voice);
    this.frames(show);
  }

  /** Begin another sound at time 0. */
  reset() {
    this.run.marotte_reset(this.voice);
  }

  frames(show) {
    while (this.run.marotte_next(this.voice, this.face, this.time)) {
      const { buffer } = this.run.memory;
      const controls = new Float32Array(buffer, this.face, this.names.length).slice();
      show(controls, new Float64Array(buffer, this.time, 1)[0]);
    }
  }

  /** Return the address of n new bytes. */
  take(n) {
    const at = (this.top + 15) & ~15;
    this.top = at + n;
    const missing = this.top - this.run.memory.buffer.byteLength;
    if (missing > 0) this.run.memory.grow(Math.ceil(missing / 65536));
    return at;
  }

  bytes(at, n) {
    return new Uint8Array(this.run.memory.buffer, at, n);
  }

  text(at) {
    const rest = new Uint8Array(this.run.memory.buffer, at);
    return TEXT(rest.subarray(0, rest.indexOf(0)));
  }

  check(result) {
    if (result !== 0) throw new Error(`marotte: ${this.text(this.run.marotte_error(result))}`);
  }
}
