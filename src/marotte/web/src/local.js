// The student in the page itself: it does what the server does, with the methods of `Server`.

import { Engine } from "marotte/engine.js";
import { csvOf, glbOf } from "./takefiles.js";

export class Local {
  roundTripMs = 0;

  /**
   * @param on callbacks, as those of `Server`
   * @param data the page's data: `local` with the facts of a server's hello and `csv`, how takes are
   *   written; `arrays` with `wasm`, `student` and `glb`
   */
  constructor(on, { local, arrays }) {
    Object.assign(this, { on, local, arrays });
    this.open(48000); // refuses a damaged student at once
    setTimeout(() => {
      on.hello(local.hello);
      on.state("connected");
    });
  }

  open(rate) {
    const { wasm, student } = this.arrays;
    this.engine = new Engine(wasm, student.buffer, rate);
    this.rate = rate;
  }

  start(stream, rate) {
    this.stream = stream;
    if (rate === this.rate) this.engine.reset();
    else this.open(rate);
  }

  sound(stream, samples) {
    if (stream === this.stream) this.run((show) => this.engine.push(samples, show));
  }

  stop(stream) {
    if (stream !== this.stream) return;
    this.run((show) => this.engine.flush(show));
    this.stream = null;
    this.on.ended(stream);
  }

  /** Let the engine compute, and pass on the frames that it shows. */
  run(compute) {
    const { engine, stream } = this;
    const started = performance.now();
    compute((controls, time) => {
      const arrived = performance.now();
      const delays = { delayMs: 1000 * engine.delay, serverMs: arrived - started, arrived };
      this.on.frame({ stream, time, controls, head: [0, 0, 0], ...delays });
    });
  }

  /** Return the file (a Blob) of a take: `ending` is "csv" or "glb". */
  async convert(values, ending) {
    const { csv, hello } = this.local;
    if (ending === "csv") return csvOf(values, csv, hello.fps);
    return glbOf(values, hello, this.arrays.glb);
  }
}
