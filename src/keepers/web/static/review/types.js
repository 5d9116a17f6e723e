// The words that the modules of the review page share: what the server says, and what the page makes of it.

/**
 * @typedef {"keep" | "maybe" | "delete"} Verdict
 * @typedef {{
 *   id: string, name: string, path: string, judged: boolean, verdict: Verdict | null, machine: Verdict | null, choice: Verdict | null,
 *   score: number | null, label: string | null, reasons: string[], sentence: string, stars: number, colour: string,
 *   group: number | null, place: number | null, scene: number | null, width: number, height: number,
 *   time: string | null, camera: string | null, faces: number, eyes: string, error: string | null,
 * }} Row one photo of the shoot, as `GET /api/shoots/<id>` lists it
 * @typedef {{
 *   id: number, kind: string, protected: boolean, best: string | null, tied: boolean, why: string, members: string[],
 * }} Group
 * @typedef {{
 *   id: string | number, folder: string, name: string, state: string, error: string | null,
 *   progress: {done: number, total: number}, version: number, photos: Row[], groups: Group[],
 *   can_undo: boolean, can_redo: boolean,
 * }} ShootAnswer
 * @typedef {{
 *   version: number, photos: Row[], groups: Group[], can_undo: boolean, can_redo: boolean, what?: string,
 *   summary?: {keep: number, maybe: number, delete: number},
 * }} Change
 * @typedef {{
 *   person: number | null, box: [number, number, number, number], width: number, presence: number, eyes: string,
 *   eyes_unknown: string | null, smile: number, sharpness: number | null,
 * }} Face `box` is x, y, width, height in pixels of the upright photo
 * @typedef {{
 *   error: string | null, label: string | null, probabilities: Record<string, number>, flaws: Record<string, number>,
 *   reasons: {name: string, sentence: string, weight: number}[], would_change: string | null, faces: Face[],
 *   model: string | null, verdict: Verdict | null, machine: Verdict | null, choice: Verdict | null,
 *   group: {kind: string, size: number, place: number | null, best: boolean, reasons: string[]} | null,
 *   exif: Record<string, string | number | null> | null,
 *   histogram: Record<"r" | "g" | "b" | "luma", number[]> | null,
 * }} Details one photo, as `GET /api/photos/<id>` describes it
 * @typedef {{value: number, low: number, high: number}} Estimate a figure and its 95 % interval
 * @typedef {{
 *   audit: number, asked: number, answered: number, deleted: number, checked: number, wrong: number,
 *   rate: Estimate | null, lost: Estimate | null, false_rejects: Estimate | null,
 * }} Audited what the answers to a blind check say
 * @typedef {"choices" | "marks" | "accept" | "undo" | "redo"} Verb
 * @typedef {{verb: Verb, ids: string[], body: Record<string, unknown>}} Write something to be stored, in the order it was done
 * @typedef {{pid: string, members: string[], group: Group | null}} Item one place in the grid: a photo, or a stack of several
 */
/**
 * @typedef {{
 *   photos: number, planned: {path: string, what: string}[], plan: string | null,
 *   counts: {written: number, copied: number, moved: number, trashed: number}, skipped: string[], failed: string[],
 *   left_out: number, notes: string[], job: number | null,
 * }} Exported what an export did, or would do
 */

export {};
