// Choose the curves to show: the lines of those tracks that move most.

const N_COLOURS = 7; // theme.css has --curve-0 to --curve-6
const SAME = 0.02; // left and right that differ by no more share one line

/** Return the lines `{track, label, colour, hidden, text}` of the tracks that move most, in order. */
export function chooseLines(tracks) {
  const named = new Map(tracks.map((track) => [track.name, track]));
  const merged = new Set();
  const lines = [];
  for (const track of tracks) {
    const right = track.name.endsWith("Left") && named.get(track.name.replace(/Left$/, "Right"));
    const both = right && same(track, right);
    if (both) merged.add(right);
    lines.push({ track, label: both ? track.name.replace(/Left$/, " L+R") : track.name });
  }
  return lines
    .filter(({ track }) => !merged.has(track))
    .sort((a, b) => spread(b.track) - spread(a.track))
    .slice(0, N_COLOURS)
    .map(controlLine);
}

/** Return the line of a track with its label, at an index of the list. */
export function controlLine(line, index) {
  return { ...line, colour: `curve-${index}`, hidden: false, text: (value) => value.toFixed(2) };
}

/** Return the line of the lip gap, in mm, whose scale ends at `most`. */
export function gapLine(track, most) {
  const text = (value) => `${value.toFixed(1)} mm`;
  return { track, most, label: "lip gap", colour: "gap", hidden: false, text };
}

function same(left, right) {
  return left.values.every((value, frame) => Math.abs(value - right.values[frame]) <= SAME);
}

/** Return the standard deviation of a track. */
function spread({ values }) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
