/** What a server says first. */
export interface Hello {
  protocol: number;
  version: string;
  /** Where the frames come from if another program makes them; empty if pages speak. */
  source: string;
  /** The sample rate in Hz of that program's sound. */
  rate: number;
  students: string[];
  moods?: string[];
  fps: number;
  /** The names of a frame's controls, e.g. "jawOpen". */
  controls: string[];
  longestTakeS: number;
}

export interface LiveFrame {
  /** The number of the stream: 0 for frames of another program. */
  stream: number;
  /** Seconds from the beginning of the sound. */
  time: number;
  /** Milliseconds of sound that the student waited for: look-ahead and smoothing. */
  delayMs: number;
  /** Milliseconds that the server needed. */
  serverMs: number;
  /** Yaw, pitch (down) and roll in radians. */
  head: [number, number, number];
  /** In the order of `Client.names`. */
  controls: Float32Array;
  /** When the frame arrived, as `performance.now()` has it. */
  arrived: number;
}

export interface Motion {
  /** An index into the `moods` of hello. */
  mood: number;
  /** The sum of 1 (gaze), 2 (idle motion) and 4 (effort follows the voice). */
  flags: number;
  intensity: number;
  gain: number;
  effort: number;
}

export interface Callbacks {
  hello?(facts: Hello): void;
  frame?(frame: LiveFrame): void;
  /** The sound of another program's frames; `first` is the index of the first sample. */
  sound?(samples: Float32Array, first: number): void;
  /** A stream's last frame has come. */
  ended?(stream: number): void;
  notice?(text: string): void;
  state?(name: "connected" | "lost", reason?: string): void;
}

/** A connection to `marotte view` or `marotte live -o websocket`, which comes back when it is lost. */
export class Client {
  constructor(url: string | URL, on: Callbacks);
  /** The names of a frame's controls; empty before the first hello. */
  readonly names: string[];
  readonly ready: boolean;
  /** Milliseconds to the server and back, or null. */
  readonly roundTripMs: number | null;
  /** Begin a sound of the page, with a new number. */
  start(stream: number, rate: number, student?: number, smooth?: boolean): void;
  sound(stream: number, samples: Float32Array): void;
  stop(stream: number): void;
  motion(motion: Motion): void;
  close(): void;
}
