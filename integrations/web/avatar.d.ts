/** Return the shapes that a control moves, by its name in any spelling. */
export function find(control: string, shapes: string[]): string[];

/** How an avatar follows the controls. */
export class Mapping {
  /**
   * @param controls the names of the controls, as `face.names` or `client.names` have them
   * @param shapes the names of the avatar's shapes
   */
  constructor(controls: string[], shapes: string[]);
  /** Empty if nothing fits. */
  readonly kind: "arkit" | "visemes" | "vowels" | "";
  /** The controls, visemes or vowels that the avatar should have, and those that it lacks. */
  readonly needed: string[];
  readonly missing: string[];
  /** The shapes that move. */
  readonly used: Set<string>;
  /** The weights of the shapes, in their order, for a frame's controls. */
  weights(controls: ArrayLike<number>): Float32Array;
}
