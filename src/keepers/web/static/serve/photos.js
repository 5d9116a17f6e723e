// Which of the chosen and dropped files are photos to be looked at.

/** @typedef {{file: File, path: string}} Item a photo and its path inside the chosen folder */

/** File name endings: pictures, camera RAW, and the pictures that cameras write beside a RAW. */
const [PICTURES, RAWS, PAIRED] = ["pictures", "raws", "paired"].map(
  (kind) => new Set((document.body.dataset[kind] ?? "").split(" ")),
);

/** @param {string} path */
export const ending = (path) => (/\.([^./]+)$/.exec(path)?.[1] ?? "").toLowerCase();

/** Photos of a folder in the order of their names, without hidden files and what is no photo. @param {Item[]} items */
export function photosOf(items) {
  const hidden = /(^|\/)[.@#$]/;
  const photos = items.filter(({ path }) => !hidden.test(path) && (PICTURES.has(ending(path)) || RAWS.has(ending(path))));
  return photos.sort((a, b) => a.path.localeCompare(b.path, undefined, { numeric: true }));
}

/** RAW and JPEG of one stem are one photo, judged by the JPEG. @param {Item[]} items */
export function withoutPairs(items) {
  const stem = (/** @type {Item} */ { path }) => path.slice(0, path.length - ending(path).length).toLowerCase();
  const pictures = new Set(items.filter(({ path }) => PAIRED.has(ending(path))).map(stem));
  return items.filter((item) => !(RAWS.has(ending(item.path)) && pictures.has(stem(item))));
}

/** @param {FileList | null} files @returns {Item[]} */
export function itemsOf(files) {
  return Array.from(files ?? [], (file) => ({ file, path: file.webkitRelativePath || file.name }));
}

/** @param {FileSystemEntry} entry @returns {Promise<Item[]>} */
export async function walk(entry) {
  if (entry instanceof FileSystemFileEntry) {
    /** @type {File} */
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ file, path: entry.fullPath.slice(1) }];
  }
  if (!(entry instanceof FileSystemDirectoryEntry)) return [];
  const reader = entry.createReader();
  /** @type {Item[]} */
  const items = [];
  for (;;) {  // the browser hands a folder out in portions
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return items;
    for (const one of some) items.push(...(await walk(one)));
  }
}
