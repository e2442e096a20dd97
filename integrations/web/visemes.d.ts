/** Oculus' visemes: sil, PP, FF ... ou. */
export const VISEMES: string[];
/** VRM's vowels: aa, ih, ou, ee, oh. */
export const VOWELS: string[];

export class Visemes {
  /** The names of the controls, as `face.names` or `client.names` have them. */
  constructor(names: string[]);
  /** The weights [15] in the order of `VISEMES`; their sum is 1. */
  of(controls: ArrayLike<number>): number[];
  /** The weights [5] in the order of `VOWELS`. */
  vowels(controls: ArrayLike<number>): number[];
}
