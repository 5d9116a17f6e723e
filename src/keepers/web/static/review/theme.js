// Dark or light: dark unless the computer asks for light, or whoever sits at it chose.

const KEY = "keepers-theme";
const light = matchMedia("(prefers-color-scheme: light)");

const wanted = () => localStorage.getItem(KEY) ?? (light.matches ? "light" : "dark");
const dress = () => document.documentElement.setAttribute("data-bs-theme", wanted());

export function begin() {
  dress();
  light.addEventListener("change", dress);
  addEventListener("storage", dress);
}

export function toggle() {
  localStorage.setItem(KEY, wanted() === "dark" ? "light" : "dark");
  dress();
}
