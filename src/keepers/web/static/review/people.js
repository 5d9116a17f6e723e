// Who is who in the frames of a burst: faces of one person lie near each other from frame to frame. Numbers only.

/**
 * @typedef {import("./types.js").Face} Face
 * @typedef {{faces: Face[], width: number, height: number}} Frame
 * @typedef {(Face | null)[]} Person a face, or none, for every frame
 */

/** How far a face may move between frames, in its own widths. */
const REACH = 1.6;

/**
 * The people of a burst, from the left to the right; those of one frame alone come last.
 * @param {Frame[]} frames
 * @returns {Person[]}
 */
export function people(frames) {
  /** @type {Person[]} */
  const found = [];
  frames.forEach((frame, i) => {
    const counting = frame.faces.some((face) => face.person !== null)
      ? frame.faces.filter((face) => face.person !== null)
      : frame.faces;
    const pairs = counting.flatMap((face) =>
      found.map((person, p) => ({ face, p, apart: apart(face, frame, lastSeen(person), frames) })),
    );
    pairs.sort((a, b) => a.apart - b.apart);
    const [usedFaces, usedPeople] = [new Set(), new Set()];
    for (const { face, p, apart: distance } of pairs) {
      const person = found[p];
      if (distance > REACH || usedFaces.has(face) || usedPeople.has(p) || !person) continue;
      person[i] = face;
      usedFaces.add(face);
      usedPeople.add(p);
    }
    for (const face of counting) {
      if (usedFaces.has(face)) continue;
      const person = /** @type {Person} */ (new Array(frames.length).fill(null));
      person[i] = face;
      found.push(person);
    }
  });
  const often = (/** @type {Person} */ person) => (person.filter(Boolean).length > 1 ? 0 : 1);
  return found.sort((a, b) => often(a) - often(b) || left(a, frames) - left(b, frames));
}

/**
 * The main person of each of some photos that have nothing else to do with each other.
 * @param {Frame[]} frames
 * @returns {Person[]}
 */
export function mainFaces(frames) {
  const main = frames.map(({ faces }) => [...faces].sort((a, b) => b.width - a.width)[0] ?? null);
  return main.some(Boolean) ? [main] : [];
}

/** @param {Person} person @returns {{face: Face, frame: number} | null} */
function lastSeen(person) {
  for (let i = person.length - 1; i >= 0; i--) {
    const face = person[i];
    if (face) return { face, frame: i };
  }
  return null;
}

/** @param {Face} face @param {{width: number, height: number}} frame */
function middle(face, frame) {
  const [x, y, w, h] = face.box;
  return { x: (x + w / 2) / frame.width, y: (y + h / 2) / frame.width, size: Math.max(w, h) / frame.width };
}

/**
 * Distance of two faces in widths of the larger one.
 * @param {Face} face
 * @param {Frame} frame
 * @param {{face: Face, frame: number} | null} seen
 * @param {Frame[]} frames
 */
function apart(face, frame, seen, frames) {
  const other = seen && frames[seen.frame];
  if (!other) return Infinity;
  const [a, b] = [middle(face, frame), middle(seen.face, other)];
  return Math.hypot(a.x - b.x, a.y - b.y) / Math.max(a.size, b.size);
}

/** @param {Person} person @param {Frame[]} frames */
function left(person, frames) {
  const seen = lastSeen(person);
  const frame = seen && frames[seen.frame];
  return frame ? middle(seen.face, frame).x : 0;
}

/**
 * The frame in which a person looks best: open eyes before all, then sharpness, then a smile; -1 where there is no choice.
 * @param {Person} person
 * @param {number[]} [frames] what speaks for each frame as a whole; below 0 against it
 */
export function bestOf(person, frames = []) {
  const worth = person.map((face, i) => {
    if (!face) return -Infinity;
    const eyes = { open: 2, unknown: 1, none: 1, closed: 0 }[face.eyes] ?? 1;
    return 10 * eyes + (face.sharpness ?? 0) + 0.3 * face.smile + (frames[i] ?? 0);
  });
  return worth.filter(Number.isFinite).length < 2 ? -1 : worth.indexOf(Math.max(...worth));
}
