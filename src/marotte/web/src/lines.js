// Which curves to show: the tracks that move in, the lines of those that move most out.

const N_COLOURS = 7; // page.css has as many, --curve-0 and on
const SAME = 0.02; // a left and a right that differ by no more are drawn once

/** The most moving tracks, most first, as `{track, label, colour, hidden, text}`. */
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

/** A track with its label as the line at a place of the list. */
export function controlLine(line, place) {
  return { ...line, colour: `curve-${place}`, hidden: false, text: (value) => value.toFixed(2) };
}

/** The gap between the lips as a line, which has a scale of its own. */
export function gapLine(track, most) {
  const text = (value) => `${value.toFixed(1)} mm`;
  return { track, most, label: "lip gap", colour: "gap", hidden: false, text };
}

function same(left, right) {
  return left.values.every((value, frame) => Math.abs(value - right.values[frame]) <= SAME);
}

/** The standard deviation of a track. */
function spread({ values }) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
