// What can be chosen, and its form in the address bar: #zoom/lat/lon&method=Center&…

export const DEFAULTS = Object.freeze({
  method: "",
  operator: "",
  sortField: "",
  sortValue: "",
  ascending: true,
  lockIds: [],
  interpolation: "",
  product: "",
  stretch: "",
  bands: "",
  format: "png",
  opacity: 100,
  footprints: false,
  grid: false,
  explain: false,
  time: null,
  against: null,
});

const TEXTS = ["method", "operator", "sortField", "sortValue", "interpolation", "product", "stretch", "bands"];
const SWITCHES = ["footprints", "grid", "explain"];
const FORMATS = ["png", "jpg", "webp"];

function parseTime(text) {
  const parts = (text ?? "").split(",").map(Number);
  return parts.length === 2 && parts.every(Number.isFinite) ? { start: parts[0], end: parts[1] } : null;
}

/** Read the address; what is missing or odd keeps its default. Returns {view, settings}. */
export function readHash(hash) {
  const [place = "", ...rest] = hash.replace(/^#/, "").split("&");
  const [zoom, lat, lon] = place.split("/").map(Number);
  const usable = [zoom, lat, lon].every(Number.isFinite) && Math.abs(lat) <= 90;
  const given = new URLSearchParams(rest.join("&"));
  const settings = { ...DEFAULTS, lockIds: [] };
  for (const key of TEXTS) settings[key] = given.get(key) ?? DEFAULTS[key];
  for (const key of SWITCHES) settings[key] = given.get(key) === "1";
  settings.ascending = given.get("ascending") !== "false";
  settings.lockIds = (given.get("lock") ?? "").split(",").map(Number).filter((id) => Number.isInteger(id) && id > 0);
  if (FORMATS.includes(given.get("format"))) settings.format = given.get("format");
  const opacity = Number(given.get("opacity") ?? 100);
  settings.opacity = opacity >= 0 && opacity <= 100 ? opacity : 100;
  settings.time = parseTime(given.get("time"));
  settings.against = given.get("against");
  return { view: usable ? { zoom, lat, lon } : null, settings };
}

/** Write what differs from the defaults. */
export function writeHash(map, settings) {
  const centre = map.getCenter().wrap();
  const digits = Math.max(2, Math.round(map.getZoom() / 3) + 1);
  const given = new URLSearchParams();
  for (const key of TEXTS) if (settings[key]) given.set(key, settings[key]);
  for (const key of SWITCHES) if (settings[key]) given.set(key, "1");
  if (!settings.ascending) given.set("ascending", "false");
  if (settings.lockIds.length > 0) given.set("lock", settings.lockIds.join(","));
  if (settings.format !== DEFAULTS.format) given.set("format", settings.format);
  if (settings.opacity !== DEFAULTS.opacity) given.set("opacity", settings.opacity);
  if (settings.time) given.set("time", `${settings.time.start},${settings.time.end}`);
  if (settings.against !== null) given.set("against", settings.against);
  const place = `${map.getZoom()}/${centre.lat.toFixed(digits)}/${centre.lng.toFixed(digits)}`;
  const text = given.toString().replaceAll("%2C", ",");
  const next = `#${place}${text ? `&${text}` : ""}`;
  if (next !== window.location.hash) window.history.replaceState(null, "", next);
}
