// How sure a share is that was found in a sample.

/**
 * Wilson's interval of a share (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927); [0, 1] for an empty sample.
 * @param {number} hits @param {number} trials @param {number} [z] 1.96 for 95 %
 * @returns {[number, number]}
 */
export function wilson(hits, trials, z = 1.96) {
  if (trials === 0) return [0, 1];
  const share = hits / trials;
  const z2 = (z * z) / trials;
  const middle = (share + z2 / 2) / (1 + z2);
  const half = (z / (1 + z2)) * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
