// Small pieces for building the page. Text goes in as text, never as markup.

export function byId(id) {
  return document.getElementById(id);
}

/**
 * Make an element. Attributes whose value is false or null are left out; "on…" values are listeners.
 * @param {string} tag
 * @param {Record<string, unknown>} attributes
 * @param {...(Node|string|null|false)} children
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== false && child !== undefined) node.append(child);
  }
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** Make an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** The colour by which one raster is known in footprints, lists and popups. */
export function itemColour(id) {
  return `hsl(${Math.round((Number(id) * 137.508) % 360)} 72% 52%)`;
}

/** A dot of a raster's colour. Set by script, because the page's policy forbids style attributes. */
export function dot(id) {
  const node = el("span", { class: "dot", "aria-hidden": "true" });
  node.style.backgroundColor = itemColour(id);
  return node;
}

let hideTimer = 0;

/** Say something short at the foot of the page. */
export function toast(text, kind = "info") {
  const box = byId("toast");
  box.textContent = text;
  box.dataset.kind = kind;
  box.hidden = false;
  window.clearTimeout(hideTimer);
  hideTimer = window.setTimeout(() => { box.hidden = true; }, kind === "error" ? 8000 : 3500);
}

/** Call `action` once, `delay` ms after the last call. */
export function debounce(action, delay) {
  let timer = 0;
  return (...args) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => action(...args), delay);
  };
}

/** Milliseconds since 1970 as a UTC date, with the time of day only where there is one. */
export function dateText(ms) {
  const iso = new Date(ms).toISOString();
  return ms % 86400000 === 0 ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
}

/** A length in metres as a person would say it. */
export function lengthText(metres) {
  if (metres >= 1000) return `${Number((metres / 1000).toPrecision(3))} km`;
  if (metres < 1) return `${Number((metres * 100).toPrecision(3))} cm`;
  return `${Number(metres.toPrecision(3))} m`;
}
