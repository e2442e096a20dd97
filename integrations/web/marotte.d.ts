/** The curves of one frame, in the order of `names`: 0 to 1 for ARKit's 52 blendshapes. */
export type Controls = Float32Array;

export interface Frame {
  /** Seconds from the beginning of the sound. */
  time: number;
  controls: Controls;
}

export interface OpenOptions {
  /** The address or the bytes of a .mrt file. */
  student: string | URL | ArrayBuffer | Uint8Array;
  /** The address or the bytes of marotte.wasm; the one beside marotte.js unless given. */
  wasm?: string | URL | ArrayBuffer | Uint8Array;
  /** The address of worklet.js; the one beside marotte.js unless given. */
  worklet?: string | URL;
  /** Whether quiet and loud speech is brought to a usual level; true unless given. */
  level?: boolean;
}

/** Load a student. */
export function open(options: OpenOptions): Promise<Face>;

export class Face {
  /** The names of the controls, e.g. "jawOpen". */
  readonly names: string[];
  /** Seconds of sound that a frame needs after its time. */
  readonly delay: number;
  /** The name of the student. */
  readonly name: string;
  /** Called for each frame, 60 times per second; `time` is that of the AudioContext. */
  onframe: ((controls: Controls, time: number) => void) | null;
  /** Follow a voice. An element keeps sounding. */
  listen(source: MediaStream | HTMLMediaElement | AudioNode): Promise<void>;
  /** Stop following it. */
  stop(): void;
  /** Return all frames of mono samples. */
  animate(samples: Float32Array, rate: number): Frame[];
}

/** The C library itself, for workers and Node. */
export class Engine {
  constructor(wasm: BufferSource, student: ArrayBuffer, rate: number, level?: boolean);
  readonly names: string[];
  readonly delay: number;
  readonly name: string;
  push(samples: Float32Array, show: (controls: Controls, time: number) => void): void;
  flush(show: (controls: Controls, time: number) => void): void;
  reset(): void;
}
