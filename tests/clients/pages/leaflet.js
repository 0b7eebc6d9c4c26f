// Leaflet with Esri Leaflet as a page would use them; tests call window.client.
const map = L.map("map", {
  zoomControl: false,
  attributionControl: false,
  fadeAnimation: false,
  zoomAnimation: false,
  zoomSnap: 0,
}).setView([-8, 24], 5);
const attribution = L.control.attribution({ prefix: false });

function loaded(layer) {
  return new Promise((done) => layer.once("load", () => requestAnimationFrame(() => done())));
}

// Show one layer; resolves when its pictures are there, with the box in metres.
async function show(layer, center, zoom) {
  map.eachLayer((other) => map.removeLayer(other));
  map.setView(center, zoom, { animate: false });
  const there = loaded(layer);
  layer.addTo(map);
  await there;
  const bounds = map.getPixelBounds();
  const low = map.options.crs.project(map.unproject(bounds.getBottomLeft()));
  const high = map.options.crs.project(map.unproject(bounds.getTopRight()));
  return [low.x, low.y, high.x, high.y];
}

// Run one task or query of Esri Leaflet.
function run(task) {
  return new Promise((done, fail) =>
    task.run((error, result, raw) => (error ? fail(new Error(error.message)) : done({ result, raw })))
  );
}

window.client = { map, show, run, attribution };
