// A client of `marotte view` and `marotte live -o websocket`: it encodes and decodes the messages of the
// socket, and reconnects when the connection is lost. docs/viewer.md describes the messages.

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

export class Client {
  /**
   * @param url the address of the socket, e.g. ws://localhost:5252/socket, with the token if there is one
   * @param on callbacks, all of them optional: `hello(facts)`, `frame(frame)`, `sound(samples, first)`,
   *   `ended(stream)`, `notice(text)`, `state(name, reason)` with "connected" or "lost"
   */
  constructor(url, on) {
    Object.assign(this, { url, on });
    this.names = []; // of a frame's controls
    this.tries = 0;
    this.roundTripMs = null;
    this.timer = setInterval(() => this.echo(), ECHO_MS);
    this.connect();
  }

  /** End the connection for good. */
  close() {
    clearInterval(this.timer);
    this.closed = true;
    this.socket.close();
  }

  /** Whether messages can be sent: the socket is open and the server has said hello. */
  get ready() {
    return this.socket.readyState === WebSocket.OPEN && this.greeted;
  }

  connect() {
    this.greeted = false;
    this.socket = new WebSocket(this.url);
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("message", ({ data }) => this.onMessage(new DataView(data)));
    this.socket.addEventListener("close", ({ reason }) => this.onClose(reason));
  }

  onClose(reason) {
    this.greeted = false;
    this.roundTripMs = null;
    this.on.state?.("lost", reason);
    if (this.closed) return;
    setTimeout(() => this.connect(), RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)]);
  }

  onMessage(view) {
    const text = () => new TextDecoder().decode(new Uint8Array(view.buffer, 1));
    const handlers = {
      [HELLO]: () => {
        this.greeted = true;
        this.tries = 0;
        const facts = JSON.parse(text());
        this.names = facts.controls;
        this.on.hello?.(facts);
        this.on.state?.("connected");
        this.echo();
      },
      [FRAME]: () => this.on.frame?.(frameOf(view)),
      [NOTICE]: () => this.on.notice?.(text()),
      [SERVER_SOUND]: () => this.on.sound?.(new Float32Array(view.buffer, 16), view.getFloat64(8, true)),
      [ENDED]: () => this.on.ended?.(view.getUint32(4, true)),
      [ECHOED]: () => (this.roundTripMs = performance.now() - view.getFloat64(8, true)),
    };
    handlers[view.getUint8(0)]?.();
  }

  /** Begin a sound of the page, with a new number. */
  start(stream, rate, student = 0, smooth = true) {
    const view = message(12, START, stream);
    view.setUint8(1, student);
    view.setUint8(2, smooth ? 1 : 0);
    view.setUint32(8, rate, true);
    this.send(view);
  }

  /** Send samples, a Float32Array within -1..1. */
  sound(stream, samples) {
    for (let from = 0; from < samples.length; from += MAX_SAMPLES) {
      const part = samples.subarray(from, from + MAX_SAMPLES);
      const view = message(HEADER_BYTES + 4 * part.length, SOUND, stream);
      part.forEach((sample, i) => view.setFloat32(HEADER_BYTES + 4 * i, sample, true));
      this.send(view);
    }
  }

  /** End a sound; its last frames come. */
  stop(stream) {
    this.send(message(HEADER_BYTES, STOP, stream));
  }

  /** Change mood (an index into the `moods` of hello), flags, gain and effort. */
  motion({ mood, flags, intensity, gain, effort }) {
    const view = message(20, MOTION, 0);
    view.setUint8(1, mood);
    view.setUint8(2, flags);
    [intensity, gain, effort].forEach((value, i) => view.setFloat32(8 + 4 * i, value, true));
    this.send(view);
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
