// The socket to the server: encodes and decodes messages, and reconnects when the connection is lost.

const START = 1;
const SOUND = 2;
const STOP = 3;
const ECHO = 4;
const MOTION = 5;
const HELLO = 129;
const FRAME = 130;
const NOTICE = 131;
const ENDED = 132;
const ECHOED = 133;
const SERVER_SOUND = 134;

const HEADER_BYTES = 8; // of messages with a stream
const FRAME_HEADER_BYTES = 36;
const MAX_SAMPLES = 16384; // per message
const RETRY_MS = [200, 500, 1000, 2000];
const ECHO_MS = 1000;

export class Server {
  /**
   * @param on callbacks: `hello(facts)`, `frame(frame)`, `sound(samples, first)`, `ended(stream)`,
   *   `notice(text)`, `state(name, reason)` with "connected" or "lost"
   */
  constructor(on) {
    this.on = on;
    this.tries = 0;
    this.roundTripMs = null;
    setInterval(() => this.echo(), ECHO_MS);
    this.connect();
  }

  /** Whether messages can be sent: the socket is open and the server has said hello. */
  get ready() {
    return this.socket.readyState === WebSocket.OPEN && this.greeted;
  }

  connect() {
    this.greeted = false;
    const url = new URL(`socket${location.search}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("message", ({ data }) => this.onMessage(new DataView(data)));
    this.socket.addEventListener("close", ({ reason }) => this.onClose(reason));
  }

  onClose(reason) {
    this.greeted = false;
    this.roundTripMs = null;
    this.on.state("lost", reason);
    setTimeout(() => this.connect(), RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)]);
  }

  onMessage(view) {
    const text = () => new TextDecoder().decode(new Uint8Array(view.buffer, 1));
    const handlers = {
      [HELLO]: () => {
        this.greeted = true;
        this.tries = 0;
        this.on.hello(JSON.parse(text()));
        this.on.state("connected");
        this.echo();
      },
      [FRAME]: () => this.on.frame(frameOf(view)),
      [NOTICE]: () => this.on.notice(text()),
      [SERVER_SOUND]: () => this.on.sound(new Float32Array(view.buffer, 16), view.getFloat64(8, true)),
      [ENDED]: () => this.on.ended(view.getUint32(4, true)),
      [ECHOED]: () => (this.roundTripMs = performance.now() - view.getFloat64(8, true)),
    };
    handlers[view.getUint8(0)]?.();
  }

  start(stream, rate, student, smooth) {
    const view = message(12, START, stream);
    view.setUint8(1, student);
    view.setUint8(2, smooth ? 1 : 0);
    view.setUint32(8, rate, true);
    this.send(view);
  }

  sound(stream, samples) {
    for (let from = 0; from < samples.length; from += MAX_SAMPLES) {
      const part = samples.subarray(from, from + MAX_SAMPLES);
      const view = message(HEADER_BYTES + 4 * part.length, SOUND, stream);
      part.forEach((sample, i) => view.setFloat32(HEADER_BYTES + 4 * i, sample, true));
      this.send(view);
    }
  }

  stop(stream) {
    this.send(message(HEADER_BYTES, STOP, stream));
  }

  /** @param values of `MotionPanel.values` */
  motion({ mood, flags, intensity, gain, effort }) {
    const view = message(20, MOTION, 0);
    view.setUint8(1, mood);
    view.setUint8(2, flags);
    [intensity, gain, effort].forEach((value, i) => view.setFloat32(8 + 4 * i, value, true));
    this.send(view);
  }

  /** Let the server write the file (a Blob) of a take: `ending` is "csv" or "glb". */
  async convert(values, ending) {
    const response = await fetch(`take.${ending}${location.search}`, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: values,
    });
    if (!response.ok) throw new Error(await response.text());
    return response.blob();
  }

  echo() {
    const view = message(16, ECHO, 0);
    view.setFloat64(8, performance.now(), true);
    this.send(view);
  }

  send(view) {
    if (this.ready) this.socket.send(view);
  }
}

function message(bytes, kind, stream) {
  const view = new DataView(new ArrayBuffer(bytes));
  view.setUint8(0, kind);
  view.setUint32(4, stream, true);
  return view;
}

function frameOf(view) {
  const float = (offset) => view.getFloat32(offset, true);
  const controls = new Float32Array(view.getUint16(2, true));
  for (let i = 0; i < controls.length; i++) controls[i] = float(FRAME_HEADER_BYTES + 4 * i);
  return {
    stream: view.getUint32(4, true),
    time: view.getFloat64(8, true),
    delayMs: float(16),
    serverMs: float(20),
    head: [float(24), float(28), float(32)], // yaw, pitch, roll
    controls,
    arrived: performance.now(),
  };
}
