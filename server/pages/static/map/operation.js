// How map coordinates become an image's own, as `explain` states it, in a reader's words.

const SENSORS = { RpcModel: "RPC", FrameCamera: "frame camera", GridSensor: "grid" };

/** The steps of an operation over terrain: { terrain, sensor }; null for a raster that has its place on a map. */
export function stepsOf(operation) {
  // What a process chain does to the pixels stands behind a semicolon.
  const steps = (operation ?? "").split("; ")[0].split(" → ");
  const terrain = steps.at(-2) ?? "";
  if (!terrain.startsWith("terrain")) return null;
  return { terrain, sensor: SENSORS[steps.at(-1)] ?? steps.at(-1) };
}

/** Heights: "terrain (ellipsoid), 500 m everywhere" is no terrain. */
export function heightsText(terrain) {
  const level = terrain.match(/, (\S+ m) everywhere$/);
  return level ? `none: ${level[1]} everywhere` : "terrain model";
}

/** The error claimed for a position grid. */
export function errorText(pixels) {
  return pixels < 0.001 ? "< 0.001 px" : `≤ ${Number(pixels.toPrecision(2))} px`;
}
