// What things are called on the page, in one place.

/** @type {Record<string, string>} */
export const VERDICTS = { keep: "Must Haves", maybe: "Maybes", delete: "To be Deleted" };
/** @type {Record<string, string>} */
export const VERDICT = { keep: "Must Have", maybe: "Maybe", delete: "To be Deleted" };
/** @type {Record<string, string>} */
export const FLAWS = {
  blurred: "blur",
  camera_shake: "camera shake",
  distorted: "distortion",
  overexposed: "overexposure",
  underexposed: "underexposure",
  noisy: "noise",
  closed_eyes: "closed eyes",
};
/** @type {Record<string, string>} */
export const EYES = { open: "Eyes open", closed: "Eyes closed", unknown: "Eyes not seen", none: "No face" };
/** @type {Record<string, string>} */
export const GROUPS = {
  duplicates: "Copies",
  burst: "Burst",
  near_duplicates: "Near duplicates",
  bracket: "Bracket",
  focus_stack: "Focus stack",
  panorama: "Panorama",
  time_lapse: "Time lapse",
};
/** @type {Record<string, string>} */
export const EXIF = {
  camera: "Camera",
  lens: "Lens",
  focal_length: "Focal length",
  aperture: "Aperture",
  shutter: "Shutter",
  iso: "ISO",
  bias: "Correction",
  time: "Taken",
};

/** @param {string} name a reason or flaw */
export const flawWord = (name) => FLAWS[name] ?? name.replaceAll("_", " ");

/**
 * The flaw to name beside a photo, or nothing where nothing speaks against it.
 * @param {import("./types.js").Row} row
 */
export function badge(row) {
  if (row.error) return "unreadable";
  if (row.machine === "keep" || row.machine === null) return "";
  const flaw = row.reasons.find((name) => name in FLAWS);
  return flaw ? flawWord(flaw) : row.reasons[0] ? flawWord(row.reasons[0]) : "";
}

/** All of a row that a screen reader should say. @param {import("./types.js").Row} row */
export function spoken(row) {
  const said = [row.name];
  if (row.error) said.push("unreadable");
  else if (row.choice) said.push(`${VERDICT[row.choice]}, decided`);
  else if (row.verdict) said.push(`${VERDICT[row.verdict]}, proposed`);
  const flaw = badge(row);
  if (flaw && !row.error) said.push(flaw);
  if (row.stars) said.push(`${row.stars} stars`);
  if (row.colour) said.push(row.colour);
  return said.join(", ");
}

/** @param {string} value of EXIF as the server gives it @param {string} key */
export function exifWord(key, value) {
  if (key === "aperture") return /^[\d.]+$/.test(value) ? `f/${value}` : value;
  if (key === "focal_length") return /^[\d.]+$/.test(value) ? `${Number(value)} mm` : value;
  if (key === "shutter") return shutterWord(value);
  if (key === "time") return value.replace("T", " ").replace(/\.\d+$/, "");
  return value;
}

/** @param {string} value */
function shutterWord(value) {
  const seconds = Number(value);
  if (!Number.isFinite(seconds) || seconds <= 0) return value;
  return seconds < 0.3 ? `1/${Math.round(1 / seconds)} s` : `${Number(seconds.toFixed(1))} s`;
}
