// The socket to the server: its messages as calls, and a new one whenever it is lost.

const START = 1;
const SOUND = 2;
const STOP = 3;
const ECHO = 4;
const HELLO = 129;
const FRAME = 130;
const NOTICE = 131;
const ENDED = 132;
const ECHOED = 133;
const HEARD = 134;

const HEAD_BYTES = 8; // of messages that name a stream
const FRAME_BYTES = 36; // before a frame's controls
const MOST_SAMPLES = 16384; // of a message
const RETRY_MS = [200, 500, 1000, 2000];
const ECHO_MS = 1000;

export class Server {
  /** @param on what to call: `hello(facts)`, `frame(frame)`, `heard(samples, first)`,
   *    `ended(stream)`, `notice(text)`, `state(name, reason)` with "connected" or "lost" */
  constructor(on) {
    this.on = on;
    this.tries = 0;
    this.roundTripMs = null;
    setInterval(() => this.echo(), ECHO_MS);
    this.connect();
  }

  get open() {
    return this.socket.readyState === WebSocket.OPEN && this.met;
  }

  connect() {
    this.met = false;
    const url = new URL(`socket${location.search}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("message", ({ data }) => this.read(new DataView(data)));
    this.socket.addEventListener("close", ({ reason }) => this.lost(reason));
  }

  lost(reason) {
    this.met = false;
    this.roundTripMs = null;
    this.on.state("lost", reason);
    setTimeout(() => this.connect(), RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)]);
  }

  read(view) {
    const text = () => new TextDecoder().decode(new Uint8Array(view.buffer, 1));
    const kinds = {
      [HELLO]: () => {
        this.met = true;
        this.tries = 0;
        this.on.hello(JSON.parse(text()));
        this.on.state("connected");
        this.echo();
      },
      [FRAME]: () => this.on.frame(frameOf(view)),
      [NOTICE]: () => this.on.notice(text()),
      [HEARD]: () => this.on.heard(new Float32Array(view.buffer, 16), view.getFloat64(8, true)),
      [ENDED]: () => this.on.ended(view.getUint32(4, true)),
      [ECHOED]: () => (this.roundTripMs = performance.now() - view.getFloat64(8, true)),
    };
    kinds[view.getUint8(0)]?.();
  }

  start(stream, rate, student, smooth) {
    const view = message(12, START, stream);
    view.setUint8(1, student);
    view.setUint8(2, smooth ? 1 : 0);
    view.setUint32(8, rate, true);
    this.send(view);
  }

  sound(stream, samples) {
    for (let from = 0; from < samples.length; from += MOST_SAMPLES) {
      const piece = samples.subarray(from, from + MOST_SAMPLES);
      const view = message(HEAD_BYTES + 4 * piece.length, SOUND, stream);
      piece.forEach((sample, i) => view.setFloat32(HEAD_BYTES + 4 * i, sample, true));
      this.send(view);
    }
  }

  stop(stream) {
    this.send(message(HEAD_BYTES, STOP, stream));
  }

  echo() {
    const view = message(16, ECHO, 0);
    view.setFloat64(8, performance.now(), true);
    this.send(view);
  }

  send(view) {
    if (this.open) this.socket.send(view);
  }
}

function message(bytes, kind, stream) {
  const view = new DataView(new ArrayBuffer(bytes));
  view.setUint8(0, kind);
  view.setUint32(4, stream, true);
  return view;
}

function frameOf(view) {
  const float = (place) => view.getFloat32(place, true);
  const controls = new Float32Array(view.getUint16(2, true));
  for (let i = 0; i < controls.length; i++) controls[i] = float(FRAME_BYTES + 4 * i);
  return {
    stream: view.getUint32(4, true),
    time: view.getFloat64(8, true),
    delayMs: float(16),
    serverMs: float(20),
    turn: [float(24), float(28), float(32)], // yaw, pitch, roll
    controls,
    arrived: performance.now(),
  };
}
