// The shape of the head for values of its controls. The sums are made here, not on the graphics card:
// most controls move a small part of the head, and slow graphics would add all of them everywhere.

const NUMBERS = 6; // per vertex: what a control at 1 adds to its position and its normal

export class Morphs {
  /**
   * @param positions of the head at rest [3 n], in mm
   * @param normals of the head at rest [3 n]
   * @param deltas of each control: `{positions, normals}`, [3 n] each
   */
  constructor(positions, normals, deltas) {
    Object.assign(this, { positions, normals });
    this.parts = deltas.map(sparse);
  }

  /** Write the positions and normals for values of the controls. */
  apply(values, positions, normals) {
    positions.set(this.positions);
    normals.set(this.normals);
    values.forEach((value, control) => value && this.add(this.parts[control], value, positions, normals));
  }

  add({ starts, numbers }, value, positions, normals) {
    for (let i = 0, k = 0; i < starts.length; i++, k += NUMBERS) {
      const at = starts[i];
      positions[at] += value * numbers[k];
      positions[at + 1] += value * numbers[k + 1];
      positions[at + 2] += value * numbers[k + 2];
      normals[at] += value * numbers[k + 3];
      normals[at + 1] += value * numbers[k + 4];
      normals[at + 2] += value * numbers[k + 5];
    }
  }
}

/** Return the vertices that a control moves (3 times their index), and the numbers of each. */
function sparse({ positions, normals }) {
  const starts = [];
  for (let at = 0; at < positions.length; at += 3) {
    const moves = [0, 1, 2].some((axis) => positions[at + axis] || normals[at + axis]);
    if (moves) starts.push(at);
  }
  const numbers = new Float32Array(NUMBERS * starts.length);
  starts.forEach((at, i) => {
    numbers.set(positions.subarray(at, at + 3), NUMBERS * i);
    numbers.set(normals.subarray(at, at + 3), NUMBERS * i + 3);
  });
  return { starts: Uint32Array.from(starts), numbers };
}
